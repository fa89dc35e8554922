# Golden values of ranks: Rscript rank.R, from this folder, after data.R.
# r-cran-estimatr 1.0.0, r-cran-clubsandwich 0.5.8, r-cran-coin 1.4.2, R 4.2.2.
# Placements by comparing every row with every row of the other arm; their variance is that of a
# (weighted, clustered) mean by estimatr or clubSandwich, and must be Brunner and Munzel's rank
# formula where there are neither weights nor clusters.
suppressMessages({library(estimatr); library(clubSandwich); library(coin)})
options(digits = 17)
d <- read.csv("data.csv", na.strings = "")
place <- function(y, other, w) sapply(y, function(v) sum(w * ((other < v) + (other == v) / 2)) / sum(w))
arm_variance <- function(a, w, cluster, weighted) {
  f <- data.frame(a, w)
  if (!is.null(cluster)) vcovCR(lm(a ~ 1, f), cluster = cluster, type = "CR2")[1]
  else if (weighted) unname(lm_robust(a ~ 1, f, weights = w, se_type = "HC2")$std.error)^2
  else var(a) / length(a)
}
brunner_munzel <- function(y1, y0) { # ranks, as in the paper
  n1 <- length(y1); n0 <- length(y0); r <- rank(c(y1, y0))
  r1 <- r[1:n1]; r0 <- r[-(1:n1)]
  s1 <- sum((r1 - rank(y1) - mean(r1) + (n1 + 1) / 2)^2) / (n1 - 1)
  s0 <- sum((r0 - rank(y0) - mean(r0) + (n0 + 1) / 2)^2) / (n0 - 1)
  c((mean(r1) - (n1 + 1) / 2) / n0, s0 / (n0 * n1^2) + s1 / (n1 * n0^2),
    (n0 * s0 + n1 * s1)^2 / ((n0 * s0)^2 / (n0 - 1) + (n1 * s1)^2 / (n1 - 1)))
}
one_block <- function(d, clustered, weighted) {
  t <- d[d$arm == "t", ]; k <- d[d$arm == "c", ]
  a <- place(t$v, k$v, k$weight); b <- place(k$v, t$v, t$weight)
  units <- function(x) if (clustered) length(unique(x$cluster)) else nrow(x)
  v <- c(arm_variance(a, t$weight, if (clustered) t$cluster, weighted),
         arm_variance(b, k$weight, if (clustered) k$cluster, weighted))
  p <- weighted.mean(a, t$weight)
  if (!clustered && !weighted) {
    paper <- brunner_munzel(t$v, k$v)
    welch <- sum(v)^2 / sum(v^2 / (c(units(t), units(k)) - 1))
    stopifnot(all.equal(paper, c(p, sum(v), welch), tolerance = 1e-13))
    sums <- statistic(wilcox_test(v ~ factor(arm, c("t", "c")), d), type = "linear")
    stopifnot(all.equal((c(sums) - nrow(t) * (nrow(t) + 1) / 2) / (nrow(t) * nrow(k)), p))
  }
  list(p = p, v = v, df = c(units(t), units(k)) - 1, share = sum(d$weight))
}
cases <- NULL
for (outcome in c("y", "o", "z")) for (design in list(c(0, 0, 0), c(1, 0, 0), c(0, 1, 0), c(0, 0, 1),
    c(1, 1, 0), c(1, 0, 1))) {
  names(design) <- c("block", "cluster", "weight")
  e <- d[!is.na(d[[outcome]]), ]
  e$v <- e[[outcome]]
  e$weight <- if (design["weight"]) e$w else 1
  parts <- lapply(split(e, if (design["block"]) e$block else rep(1, nrow(e))), one_block,
                  design["cluster"] == 1, design["weight"] == 1)
  share <- sapply(parts, `[[`, "share"); share <- share / sum(share)
  v <- unlist(Map(function(x, s) s^2 * x$v, parts, share))
  df <- unlist(lapply(parts, `[[`, "df"))
  p <- sum(share * sapply(parts, `[[`, "p")); df <- sum(v)^2 / sum(v^2 / df); se <- sqrt(sum(v))
  cases <- rbind(cases, data.frame(outcome, block = design["block"], cluster = design["cluster"],
    weight = design["weight"], estimate = p, std_error = se, df,
    p_value = 2 * pt(-abs((p - .5) / se), df), n = nrow(e)))
}
for (v in c("estimate", "std_error", "df", "p_value")) cases[[v]] <- format(cases[[v]], digits = 17, trim = TRUE)
write.csv(cases, "rank.csv", row.names = FALSE, quote = FALSE)
