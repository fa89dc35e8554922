# Power, minimum detectable effect and sample size: Rscript power.R, from this folder.  Writes
# power.csv, one design a row; NA is not given.  R 4.2.2: stats::power.t.test (strict),
# stats::power.prop.test (strict), and the published formulas written out with pf(ncp=), pt(ncp=):
#   Bloom (2005), Learning More from Social Experiments, chapter 4; Raudenbush (1997),
#   Psychological Methods 2:173; Raudenbush & Liu (2000), Psychological Methods 5:199;
#   Eldridge, Ashby & Kerry (2006), Int. J. Epidemiology 35:1292.
options(digits = 17, warn = 1)
rows <- NULL
design <- list(scope = "pooled", arms = 2, arm_share = .5, control_share = .5, agencies = 1,
  clustered = 0, cluster_size = 1, cluster_size_cv = 0, icc = 0, blocked = 0, block_size = 0,
  blocks = 1, r2_block = 0, adjusted = 0, r2 = 0, r2_cluster = 0, covariates = 0,
  cluster_covariates = 0, attrition = 0, type = "mean", sd = 1, mean = 0, effect_sd = 0,
  alpha = .05, textbook = 0)
add <- function(name, given, units, effect, power, mde, needed, target = .8) {
  row <- design
  row[names(given)] <- given
  rows <<- rbind(rows, data.frame(name = name, row, units = units, effect = effect, power = power,
    target = target, mde = mde, needed = needed))
}
root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14, maxiter = 10000)$root

# ---- complete: power.t.test ----------------------------------------------------------------------
for (n in c(3, 8, 40, 250)) for (sd in c(1, 12.5)) for (alpha in c(.05, .01)) for (delta in c(.3, 1.1)) {
  t_test <- function(...) power.t.test(..., sd = sd, sig.level = alpha, strict = TRUE, tol = 1e-13)
  add("power.t.test", list(sd = sd, alpha = alpha), 2 * n, delta * sd,
      t_test(n = n, delta = delta * sd)$power,
      t_test(n = n, power = .9)$delta, 2 * t_test(delta = delta * sd, power = .9)$n, .9)
}
# ---- matched pairs: power.t.test(type = "paired"); the difference has variance 2 sd^2 (1 - r) ----
for (pairs in c(5, 30, 120)) for (r in c(0, .4)) {
  t_test <- function(...) power.t.test(..., sd = 2 * sqrt(2 * (1 - r)), type = "paired",
                                       strict = TRUE, tol = 1e-13)
  add("pairs", list(sd = 2, blocked = 1, block_size = 2, r2_block = r), 2 * pairs, .9,
      t_test(n = pairs, delta = .9)$power, t_test(n = pairs, power = .8)$delta,
      2 * t_test(delta = .9, power = .8)$n)
}
# ---- shares: power.prop.test ---------------------------------------------------------------------
for (n in c(50, 400, 5000)) for (p in list(c(.1, .15), c(.5, .42), c(.02, .05), c(.9, .94))) {
  prop <- function(...) power.prop.test(..., p1 = p[1], strict = TRUE, tol = 1e-14)
  down <- p[2] < p[1]
  # power.prop.test looks for p2 above p1 only: downwards is the mirror's upwards.
  mde <- tryCatch(power.prop.test(n = n, p1 = if (down) 1 - p[1] else p[1], power = .8,
                                  strict = TRUE, tol = 1e-14), warning = function(w) NULL)
  mde <- if (is.null(mde)) NA else abs(mde$p2 - mde$p1) * (if (down) -1 else 1)
  add("power.prop.test", list(type = "share", mean = p[1], textbook = 1), 2 * n, p[2] - p[1],
      prop(n = n, p2 = p[2])$power, mde, 2 * prop(p2 = p[2], power = .8)$n)
}
# ---- clusters, textbook: noncentral t with J - g - 2 ---------------------------------------------
noncentral <- function(delta, se, df, alpha) {
  t <- qt(1 - alpha / 2, df)
  pt(t, df, delta / se, lower.tail = FALSE) + pt(-t, df, delta / se)
}
solve_delta <- function(se, df, alpha, target)
  root(function(d) noncentral(d, se, df, alpha) - target, se * 1e-3, se * 37)
for (J in c(8, 20, 61.5)) for (n in c(5, 60)) for (rho in c(.01, .15)) for (P in c(.5, .3))
  for (R2 in list(c(0, 0), c(.2, .5))) {
    g <- if (R2[1] > 0) 1 else 0
    # Bloom (2005), equation 4.7, in standard deviations
    se <- function(J) sqrt(rho * (1 - R2[2]) / (P * (1 - P) * J) +
                           (1 - rho) * (1 - R2[1]) / (P * (1 - P) * J * n))
    given <- list(clustered = 1, cluster_size = n, icc = rho, arm_share = P, control_share = 1 - P,
      r2 = R2[1], r2_cluster = R2[2], adjusted = g, cluster_covariates = g, covariates = 3 * g,
      textbook = 1)
    power <- noncentral(.4, se(J), J - 2 - g, .05)
    mde <- solve_delta(se(J), J - 2 - g, .05, .8)
    # Bloom's multiplier, t_{alpha/2} + t_{1 - power}, is this but for a few per cent.
    multiplier <- qt(.975, J - 2 - g) + qt(.8, J - 2 - g)
    stopifnot(abs(multiplier * se(J) / mde - 1) < .05)
    needed <- tryCatch(root(function(J) noncentral(.4, se(J), J - 2 - g, .05) - .8,
                            max(3.3, 1 / P, 1 / (1 - P)) + g, 1e6), error = function(e) NA)
    add("Bloom", given, J * n, .4, power, mde, needed * n)
  }
# ---- clusters, equal arms: Raudenbush (1997), noncentral F(1, J - 2) -----------------------------
# pf(ncp=) is good to 1e-9 only; F with 1 numerator df is the square of t, by which it is said.
F_test <- function(lambda, df) {
  t <- noncentral(sqrt(lambda), 1, df, .05)
  stopifnot(abs(pf(qf(.95, 1, df), 1, df, lambda, lower.tail = FALSE) - t) < 1e-8)
  t
}
for (J in c(6, 24, 100)) for (n in c(4, 25)) for (rho in c(.05, .2)) {
  F_power <- function(J, d) F_test(J * d^2 / (4 * (rho + (1 - rho) / n)), J - 2)
  add("Raudenbush", list(clustered = 1, cluster_size = n, icc = rho), J * n, .5, F_power(J, .5),
      root(function(d) F_power(J, d) - .8, .01, 5),
      n * root(function(J) F_power(J, .5) - .8, 2.5, 1e5))
}
# ---- agencies with effects of their own: Raudenbush & Liu (2000), F(1, K - 1) --------------------
for (K in c(4, 20, 79)) for (n in c(20, 80)) for (tau in c(0, .2)) {
  F_power <- function(n, d) F_test(K * d^2 / (tau^2 + 4 / n), K - 1)
  add("Raudenbush-Liu", list(scope = "comparison", agencies = K, effect_sd = tau), K * n, .3,
      F_power(n, .3), root(function(d) F_power(n, d) - .8, .01, 5),
      tryCatch(K * root(function(n) F_power(n, .3) - .8, 4, 1e7), error = function(e) NA))
}
# ---- what the estimators have: Welch's df, several arms, attrition, unequal clusters -------------
welch <- function(v1, f1, v0, f0) (v1 + v0)^2 / (v1^2 / f1 + v0^2 / f0)
for (N in c(60, 900)) for (share in list(c(.3, .35, 3), c(.2, .8, 2))) for (lost in c(0, .15)) {
  n <- function(N) N * share[1:2] * (1 - lost)
  f <- function(N, d) {
    v <- 49 / n(N)
    noncentral(d, sqrt(sum(v)), welch(v[1], n(N)[1] - 1, v[2], n(N)[2] - 1), .025)
  }
  add("several arms", list(arm_share = share[1], control_share = share[2], arms = share[3],
      attrition = lost, sd = 7, alpha = .025), N, 2.5, f(N, 2.5),
      root(function(d) f(N, d) - .8, .01, 100), root(function(N) f(N, 2.5) - .8, 20, 1e6))
}
for (p in list(c(.1, .15), c(.6, .5))) for (N in c(200, 3000)) {
  f <- function(N, p2) {
    v <- c(p2 * (1 - p2), p[1] * (1 - p[1])) / (N / 2)
    noncentral(abs(p2 - p[1]), sqrt(sum(v)), welch(v[1], N / 2 - 1, v[2], N / 2 - 1), .05)
  }
  mde <- root(function(p2) f(N, p2) - .8, p[1], if (p[2] > p[1]) .99 else .01) - p[1]
  add("shares with Welch df", list(type = "share", mean = p[1]), N, p[2] - p[1], f(N, p[2]), mde,
      root(function(N) f(N, p[2]) - .8, 20, 1e6))
}
for (m in c(.5, 12)) for (over in c(1, 3)) {
  f <- function(N, d) {
    v <- over * c(m + d, m) / (N / 2)
    noncentral(d, sqrt(sum(v)), welch(v[1], N / 2 - 1, v[2], N / 2 - 1), .05)
  }
  add("counts", list(type = "count", mean = m, sd = sqrt(over * m)), 150, .2 * m, f(150, .2 * m),
      root(function(d) f(150, d) - .8, .01, 100), root(function(N) f(N, .2 * m) - .8, 10, 1e6))
}
for (cv in c(0, .6)) for (lost in c(0, .1)) {
  m <- 25 * (1 - lost)
  # Eldridge et al.: design effect 1 + ((cv^2 + 1) m - 1) icc
  f <- function(J, d) {
    v <- (1 + ((cv^2 + 1) * m - 1) * .08) / (J * c(.4, .6) * m)
    df <- J * c(.4, .6) / (1 + cv^2) - 1
    noncentral(d, sqrt(sum(v)), welch(v[1], df[1], v[2], df[2]), .05)
  }
  add("unequal clusters", list(clustered = 1, cluster_size = 25, cluster_size_cv = cv, icc = .08,
      attrition = lost, arm_share = .4, control_share = .6), 25 * 30, .3, f(30, .3),
      root(function(d) f(30, d) - .8, .01, 5), 25 * root(function(J) f(J, .3) - .8, 8, 1e4))
}
# Blocks of ten, N - 2J; blocks of clusters, S - 2J; agencies as blocks, regression N - K.
f <- function(N, d) noncentral(d, sqrt(.75 * 4 / N), N - 2 * N / 10, .05)
add("blocks of ten", list(blocked = 1, block_size = 10, r2_block = .25), 200, .4, f(200, .4),
    root(function(d) f(200, d) - .8, .01, 5), root(function(N) f(N, .4) - .8, 20, 1e4))
f <- function(S, d) noncentral(d, sqrt((.1 * .5 + .9 / 20) * 4 / S), S - 2 * S / 6, .05)
add("blocks of clusters", list(clustered = 1, cluster_size = 20, icc = .1, blocked = 1,
    block_size = 6, r2_block = .5), 36 * 20, .4, f(36, .4),
    root(function(d) f(36, d) - .8, .01, 5), 20 * root(function(S) f(S, .4) - .8, 6, 1e4))
f <- function(N, d) noncentral(d, sqrt(.7 * (1 / .3 + 1 / .4) / N), N - 3 - 11 - 5, .05)
add("regression", list(agencies = 12, arms = 3, arm_share = .3, control_share = .4, r2 = .3,
    adjusted = 1, covariates = 5), 240, .4, f(240, .4), root(function(d) f(240, d) - .8, .01, 5),
    root(function(N) f(N, .4) - .8, 41, 1e4))
g <- function(x) if (is.numeric(x)) format(x, digits = 17, trim = TRUE) else x
write.csv(data.frame(lapply(rows, function(x) if (is.numeric(x)) sapply(x, g) else x)),
          "power.csv", row.names = FALSE, quote = FALSE)
