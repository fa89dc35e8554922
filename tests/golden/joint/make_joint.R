# Golden values for joint tests, instrumental variables and correlations: Rscript make_joint.R, from
# this folder.  Writes levels.csv, wald.csv, iv.csv, pair.csv (made-up rows) and correlations.csv.
# r-cran-estimatr 1.0.0, R 4.2.2.
suppressMessages(library(estimatr))
options(digits = 17, warn = 1)
set.seed(20240502)
text <- function(x) format(x, digits = 17, trim = TRUE)

# ---- Welch's test: oneway.test, and t.test for two levels
levels <- NULL
for (L in 2:7) {
  g <- rep(1:L, times = sample(4:15, L))
  y <- rnorm(length(g), .3 * g, g)
  f <- oneway.test(y ~ factor(g))
  m <- tapply(y, g, mean); v <- tapply(y, g, var); n <- tapply(y, g, length)
  if (L == 2) stopifnot(all.equal(t.test(y ~ g)$p.value, f$p.value))
  levels <- rbind(levels, data.frame(case = L, estimate = text(m), std_error = text(sqrt(v / n)),
    df = n - 1, f = text(f$statistic), df2 = text(f$parameter[[2]]), p_value = text(f$p.value)))
}
write.csv(levels, "levels.csv", row.names = FALSE, quote = FALSE)

# ---- Wald: quadratic form by solve(), references by hand
wald <- NULL
for (q in 1:5) for (df in c(Inf, 4.5, 60)) {
  a <- matrix(rnorm(q * q), q)
  scale <- 10^runif(q, -6, 6)
  v <- crossprod(a) * outer(scale, scale)
  b <- rnorm(q) * scale
  form <- sum((b / scale) * solve(crossprod(a), b / scale))
  nu <- df - q + 1
  wald <- rbind(wald, data.frame(case = paste(q, df), estimate = text(b),
    covariance = apply(v, 1, function(r) paste(text(r), collapse = " ")), df = text(df),
    chisq = text(form), p_chisq = text(pchisq(form, q, lower.tail = FALSE)),
    p_f = text(pf(form / q, q, df, lower.tail = FALSE)),
    hotelling = text(if (nu > 0) nu / (df * q) * form else NA),
    p_hotelling = text(if (nu > 0) pf(nu / (df * q) * form, q, nu, lower.tail = FALSE) else NA)))
}
wald[wald == "NaN"] <- "NA"
write.csv(wald, "wald.csv", row.names = FALSE, quote = FALSE)

# ---- two-stage least squares: iv_robust; its parts from lm_robust (covariance by polarization);
# Anderson-Rubin ends where the regression of y - beta d on the arm has p = 0.05
iv <- NULL
for (strength in c(.9, .5, .25, .05)) for (clustered in c(FALSE, TRUE)) {
  n <- 150
  k <- rep(1:30, each = 5)
  z <- if (clustered) rep(sample(rep(0:1, 15)), each = 5) else sample(rep(0:1, 75))
  x <- rnorm(n)
  u <- rnorm(n) + .4 * rnorm(30)[k]
  d <- as.numeric(strength * z + .3 * u + rnorm(n) > .5)
  e <- data.frame(y = 1 + .8 * d + .5 * x + u, d, z, x, k)
  fit <- function(formula) if (clustered) lm_robust(formula, e, clusters = k, se_type = "CR2")
                           else lm_robust(formula, e, se_type = "HC2")
  f_y <- fit(y ~ z + x); f_d <- fit(d ~ z + x); f_s <- fit(I(y + d) ~ z + x)
  v_yy <- f_y$vcov["z", "z"]; v_dd <- f_d$vcov["z", "z"]
  v_yd <- (f_s$vcov["z", "z"] - v_yy - v_dd) / 2
  f <- if (clustered) iv_robust(y ~ d + x | z + x, e, clusters = k, se_type = "CR2")
       else iv_robust(y ~ d + x | z + x, e, se_type = "HC2")
  df <- f_y$df[["z"]]
  excess <- function(beta) {
    e$r <- e$y - beta * e$d
    r <- if (clustered) lm_robust(r ~ z + x, e, clusters = k, se_type = "CR2")
         else lm_robust(r ~ z + x, e, se_type = "HC2")
    abs(r$statistic[["z"]]) - qt(.975, df)
  }
  low <- high <- NA
  if (f_d$statistic[["z"]]^2 > qt(.975, df)^2) {
    b <- f$coefficients[["d"]]
    w <- 1
    while (excess(b - w) < 0 || excess(b + w) < 0) w <- 2 * w
    low <- uniroot(excess, c(b - w, b), tol = 1e-14)$root
    high <- uniroot(excess, c(b, b + w), tol = 1e-14)$root
  }
  iv <- rbind(iv, data.frame(reduced_form = text(f_y$coefficients[["z"]]),
    first_stage = text(f_d$coefficients[["z"]]), v_yy = text(v_yy), v_yd = text(v_yd),
    v_dd = text(v_dd), df = text(df), estimate = text(f$coefficients[["d"]]),
    std_error = text(f$std.error[["d"]]), iv_df = text(f$df[["d"]]),
    p_value = text(f$p.value[["d"]]), first_f = text(f_d$statistic[["z"]]^2), low = text(low),
    high = text(high)))
}
write.csv(iv, "iv.csv", row.names = FALSE, quote = FALSE)

# ---- correlations: five raw moments, their covariance by row or cluster, gradient of atanh(r)
s <- rep(1:40, times = sample(1:9, 40, TRUE))
n <- length(s)
arm <- sample(rep(c("c", "t"), 20))[s]
common <- rnorm(n) + .7 * rnorm(40)[s]
d <- data.frame(unit = sprintf("u%04d", 1:n), arm, cluster = sprintf("k%02d", s),
                agency = sprintf("a%d", s %% 3), weight = signif(runif(n, .2, 3), 6),
                target = signif(ifelse(arm == "c", .9, .3) * common + rnorm(n) + 5, 12),
                mission = signif(3 * common + rt(n, 6), 12))
d$target[sample(n, 12)] <- NA
d$mission[sample(n, 9)] <- NA
d <- d[sample(n), ]
write.csv(d, "pair.csv", row.names = FALSE, quote = FALSE, na = "")
d <- read.csv("pair.csv")
r <- quote((xy - x * y) / sqrt((xx - x^2) * (yy - y^2)))
gradient <- deriv(bquote(.5 * log((1 + .(r)) / (1 - .(r)))), c("x", "y", "xx", "yy", "xy"))
correlations <- NULL
for (z in c("c", "t")) for (clustered in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE)) {
  all <- d[d$arm == z, ]
  all$w <- if (weighted) all$weight else 1
  e <- all[!is.na(all$target) & !is.na(all$mission), ]
  x <- e$target - 5; y <- e$mission
  m <- cbind(x = x, y = y, xx = x^2, yy = y^2, xy = x * y)
  center <- colSums(m * e$w) / sum(e$w)
  part <- e$w * sweep(m, 2, center) / sum(e$w)
  id <- if (clustered) e$cluster else e$unit
  v <- crossprod(rowsum(part, id))
  g <- attr(value <- eval(gradient, as.list(center)), "gradient")[1, ]
  units <- length(unique(id))
  sd <- function(o) {
    k <- !is.na(o); w <- all$w[k]; o <- o[k]
    sqrt(sum(w * (o - weighted.mean(o, w))^2) / sum(w) * length(o) / (length(o) - 1))
  }
  r <- cov.wt(cbind(x, y), e$w, cor = TRUE)$cor[1, 2]
  correlations <- rbind(correlations, data.frame(arm = z, clustered, weighted, n = nrow(e),
    correlation = text(r), fisher_z = text(as.numeric(value)),
    std_error = text(sqrt(drop(g %*% v %*% g) * units / (units - 3))),
    target_sd = text(sd(all$target)), mission_sd = text(sd(all$mission))))
}
write.csv(correlations, "correlations.csv", row.names = FALSE, quote = FALSE)
