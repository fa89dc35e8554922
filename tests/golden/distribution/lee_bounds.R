# Golden values of Lee bounds: Rscript lee_bounds.R, from this folder, after data.R.  R 4.2.2.
# `lee` is Lee (2009) as printed: proposition 2 for the bounds (with the boundary unit trimmed by a
# fraction), proposition 3 for their variances V_LB + V_C, each arm's part times n/(n-1).
# `derivative` is another route for every design: the bounds as a function of the rows' weights,
# differentiated numerically, squared and summed within blocks and arms.
options(digits = 17)
d <- read.csv("data.csv", na.strings = "")

kept_mean <- function(y, w, q) { # of the smallest 1 - q of the weight
  o <- order(y); y <- y[o]; w <- w[o]
  keep <- (1 - q) * sum(w); before <- cumsum(w) - w
  k <- pmin(1, pmax(0, (keep - before) / w))
  c(mean = sum(k * w * y) / keep, edge = max(y[k > 1e-9]),
    variance = sum(k * (y - sum(k * w * y) / keep)^2) / sum(k))
}
lee <- function(y, z) { # y NA where not observed; treatment is trimmed
  s <- !is.na(y); n <- length(y); n1 <- sum(z); n0 <- n - n1
  p1 <- mean(s[z == 1]); p0 <- mean(s[z == 0]); q <- (p1 - p0) / p1
  stopifnot(q > 0)
  share <- mean(z); selected <- mean(s * z)
  control <- y[s & z == 0]
  spread_q <- (1 - q)^2 * c((1 - p1) / (share * p1), (1 - p0) / ((1 - share) * p0))
  one <- function(sign) {
    t <- kept_mean(sign * y[s & z == 1], rep(1, sum(s & z == 1)), q)
    k <- sum(s & z == 1) * (1 - q)
    v <- sort(sign * y[s & z == 1]); part <- pmin(1, pmax(0, k - seq_along(v) + 1))
    variance <- sum(part * (v - t["mean"])^2) / k
    first <- variance / (selected * (1 - q))
    second <- (t["edge"] - t["mean"])^2 * q / (selected * (1 - q))
    third <- ((t["edge"] - t["mean"]) / (1 - q))^2 * spread_q
    v_c <- mean((control - mean(control))^2) / mean(s * (1 - z))
    V <- ((first + second + third[1]) * n1 / (n1 - 1) + (v_c + third[2]) * n0 / (n0 - 1)) / n
    c(sign * t["mean"] - mean(control), sqrt(V))
  }
  c(one(1), one(-1))
}

bounds <- function(d, w) { # w: rows' weights; blocks' weights n_j stay those of d
  omega <- w * d$block_weight / ave(w, d$b, d$arm, FUN = sum)
  parts <- sapply(split(seq_len(nrow(d)), d$g), function(i) {
    e <- d[i, ]; o <- omega[i]; s <- !is.na(e$v); t <- e$arm == "t"
    p1 <- sum(o[s & t]) / sum(o[t]); p0 <- sum(o[s & !t]) / sum(o[!t])
    m1 <- weighted.mean(e$v[s & t], o[s & t]); m0 <- weighted.mean(e$v[s & !t], o[s & !t])
    if (p1 > p0) {
      q <- (p1 - p0) / p1
      low <- kept_mean(e$v[s & t], o[s & t], q)[1] - m0
      high <- -kept_mean(-e$v[s & t], o[s & t], q)[1] - m0
      c(low, high, sum(o[s & !t]))
    } else {
      q <- (p0 - p1) / p0
      low <- m1 + kept_mean(-e$v[s & !t], o[s & !t], q)[1]
      high <- m1 - kept_mean(e$v[s & !t], o[s & !t], q)[1]
      c(low, high, sum(o[s & t]))
    }
  })
  c(sum(parts[1, ] * parts[3, ]), sum(parts[2, ] * parts[3, ])) / sum(parts[3, ])
}
derivative <- function(d, clustered) {
  psi <- sapply(seq_len(nrow(d)), function(i) {
    # Richardson on central differences: error of order h^4
    slope <- function(h) { up <- down <- d$weight; up[i] <- up[i] * (1 + h); down[i] <- down[i] * (1 - h)
      (bounds(d, up) - bounds(d, down)) / (2 * h) }
    (4 * slope(5e-5) - slope(1e-4)) / 3
  })
  unit <- if (clustered) paste(d$b, d$cluster) else seq_len(nrow(d))
  V <- 0
  for (cell in unique(paste(d$b, d$arm))) {
    i <- paste(d$b, d$arm) == cell
    u <- rowsum(t(psi)[i, ], as.character(unit[i]))
    V <- V + colSums(u^2) * nrow(u) / (nrow(u) - 1)
  }
  e <- bounds(d, d$weight)
  c(e[1], sqrt(V[1]), e[2], sqrt(V[2]))
}
imbens_manski <- function(r) {
  c <- uniroot(function(c) pnorm(c + (r[3] - r[1]) / max(r[2], r[4])) - pnorm(-c) - .95, c(1, 3), tol = 1e-14)$root
  c(r[1] - c * r[2], r[3] + c * r[4])
}
cases <- NULL
add <- function(arm, block, cluster, weight, cell, r, by) {
  ci <- imbens_manski(r)
  cases <<- rbind(cases, data.frame(swapped = arm, block, cluster, weight, cell,
    lower = r[1], lower_se = r[2], upper = r[3], upper_se = r[4], ci_low = ci[1], ci_high = ci[2], by))
}
for (swapped in 0:1) {
  e <- d
  if (swapped) e$arm <- ifelse(d$arm == "t", "c", "t")
  e$v <- e$z
  for (block in 0:1) for (cluster in 0:1) for (weight in 0:1) for (cell in c("", "cell", "mixed")) {
    if (block + cluster + weight == 0 && cell == "") {
      r <- if (mean(!is.na(e$v[e$arm == "t"])) > mean(!is.na(e$v[e$arm == "c"]))) lee(e$v, e$arm == "t")
           else -lee(e$v, e$arm != "t")[c(3, 4, 1, 2)] * c(1, -1, 1, -1)
      add(swapped, block, cluster, weight, cell, r, "Lee")
    }
    e$b <- if (block) e$block else "all"
    e$g <- if (cell != "") e[[cell]] else "all"
    e$weight <- if (weight) e$w else 1
    e$block_weight <- ave(e$weight, e$b, FUN = sum)
    add(swapped, block, cluster, weight, cell, derivative(e, cluster == 1), "derivative")
  }
}
for (v in names(cases)) if (is.double(cases[[v]])) cases[[v]] <- format(cases[[v]], digits = 17, trim = TRUE)
write.csv(cases, "lee_bounds.csv", row.names = FALSE, quote = FALSE)
