# Golden values for risk, odds and rate ratios: Rscript make_ratios.R, from this folder.
# Writes cases.csv (expected numbers, logarithms) and the generated data that it names.
# r-cran-sandwich 3.0.2, r-cran-clubsandwich 0.5.8, r-cran-estimatr 1.0.0, R 4.2.2.  `by` tells
# whose number it is: glm (its own standard error), sandwich (vcovHC and vcovCL of a glm),
# clubSandwich (vcovCR of a glm), estimatr (difference in means of the outcome times the slope of
# the logarithm), equation and blocks (a formula written out), score (Miettinen & Nurminen 1985 by
# root finding, the constrained fit too).
suppressMessages({library(clubSandwich); library(estimatr); library(sandwich)})
options(digits = 17, warn = 1)
set.seed(20240302)
write_data <- function(d, file) {
  for (v in names(d)) if (is.numeric(d[[v]])) d[[v]] <- signif(d[[v]], 12)
  d <- d[sample(nrow(d)), ]
  write.csv(d, file, row.names = FALSE, quote = FALSE, na = "")
  read.csv(file, na.strings = "", colClasses = c(unit = "character"))
}
arms <- c("c", "t", "u")
deal <- function(b) unlist(lapply(split(b, b), function(x) sample(rep(c(arms, "c"), length.out = length(x)))))
b <- rep(1:6, times = c(13, 14, 17, 20, 24, 40))
z <- deal(b)
d <- data.frame(unit = sprintf("u%03d", seq_along(b)), block = sprintf("b%d", b), arm = z,
  yes = rbinom(length(b), 1, plogis(-1 + b / 6 + .6 * (z == "t"))),
  count = rpois(length(b), exp(.2 * b - .5 + .3 * (z == "u")) * rgamma(length(b), 2, 2)),
  rare = rpois(length(b), ifelse(b == 2, 0, .4)), w = runif(length(b), .3, 3))
units <- write_data(d, "units.csv")

s <- rep(1:44, times = sample(1:9, 44, TRUE))
block_of <- rep(1:4, times = c(9, 10, 12, 13))
arm_of <- deal(block_of)
u <- rnorm(44, 0, .7)
d <- data.frame(unit = sprintf("u%03d", seq_along(s)), block = sprintf("b%d", block_of[s]),
  cluster = sprintf("k%02d", s), arm = arm_of[s],
  yes = rbinom(length(s), 1, plogis(u[s] + .5 * (arm_of[s] == "t"))),
  count = rpois(length(s), exp(.3 * block_of[s] + u[s])), w = runif(length(s), .3, 3))
clusters <- write_data(d, "clusters.csv")

# Pairs; and blocks with a 0 in the margin: nobody, or everybody, of an arm.
d <- data.frame(unit = sprintf("u%03d", 1:60), block = sprintf("p%02d", rep(1:30, each = 2)),
  arm = c("c", "t"), yes = rbinom(60, 1, .5), count = rpois(60, 2))
pairs <- write_data(d, "pairs.csv")
b <- rep(1:3, times = c(9, 12, 15))
z <- rep(c("t", "c", "c"), length.out = length(b))
d <- data.frame(unit = sprintf("u%03d", seq_along(b)), block = sprintf("b%d", b), arm = z,
  none_t = ifelse(z == "t", 0, rbinom(length(b), 1, .4)),
  none_c = ifelse(z == "c", 0, rbinom(length(b), 1, .4)),
  all_t = ifelse(z == "t", 1, rbinom(length(b), 1, .5)),
  all_c = ifelse(z == "c", 1, rbinom(length(b), 1, .5)),
  apart = as.numeric(z == "t"))
zero <- write_data(d, "zero.csv")

cases <- NULL
text <- function(x) if (is.null(x)) "" else if (is.na(x)) "none" else format(x, digits = 17)
put <- function(file, estimator, outcome, treated = "t", block = "", cluster = "", weight = "",
                estimate, std_error, p_value = NULL, ci_low = NULL, ci_high = NULL, n, by)
  cases <<- rbind(cases, data.frame(file, estimator, outcome, treated, block, cluster, weight,
    probability = "", declared = "", plan_arms = 3, estimate = text(unname(estimate)),
    std_error = text(unname(std_error)), p_value = text(unname(p_value)),
    ci_low = text(unname(ci_low)), ci_high = text(unname(ci_high)), n, by))
pick <- function(d, z) {
  e <- d[d$arm %in% c("c", z), ]
  e$z <- as.numeric(e$arm == z)
  e[order(e$block, e$unit), ]
}
tight <- glm.control(epsilon = 1e-15, maxit = 100)
# A second fit from the first one's end: vcov takes the weights of the step before the last.
fit_glm <- function(formula, family, data, start = NULL) {
  first <- suppressWarnings(glm(formula, family, data, weights = w_, start = start, control = tight))
  suppressWarnings(glm(formula, family, data, weights = w_, start = coef(first), control = tight))
}
cr2 <- function(fit, cluster) sqrt(vcovCR(fit, cluster, type = "CR2")["z", "z"])
# The same where a cluster's means or weights differ, dense: its root is that of the standardized
# residuals' identity - leverages.  (vcovCR takes another root of the same equation there.)
cr2_standardized <- function(fit, cluster) {
  W <- fit$prior.weights * fitted(fit)
  X <- sqrt(W) * model.matrix(fit)
  e <- sqrt(W) * (fit$y / fitted(fit) - 1)
  B <- solve(crossprod(X))["z", ] %*% t(X)
  Q <- qr.Q(qr(X))
  sqrt(sum(sapply(split(seq_along(W), cluster), function(s) {
    half <- eigen(diag(length(s)) - tcrossprod(Q[s, , drop = FALSE]), symmetric = TRUE)
    turned <- crossprod(half$vectors, e[s]) / sqrt(half$values)
    (B[, s] %*% half$vectors %*% turned)^2
  })))
}
binary_glm <- function(e, kind, w = NULL) {
  e$w_ <- if (is.null(w)) rep(1, nrow(e)) else w
  family <- quasibinomial(if (kind == "risk_ratio") "log" else "logit")
  start <- if (kind == "risk_ratio") c(log(mean(e$yes[e$z == 0])), 0)
  fit_glm(yes ~ z, family, e, start)
}
# Block-standardized risks and the slope of the logarithm at each
standardized <- function(e, kind, w) {
  share <- tapply(w, e$block, sum) / sum(w)
  risk <- sapply(0:1, function(a) sum(share * tapply(w * e$yes * (e$z == a), e$block, sum) /
                                        tapply(w * (e$z == a), e$block, sum)))
  slope <- if (kind == "risk_ratio") 1 / risk else 1 / (risk * (1 - risk))
  value <- if (kind == "risk_ratio") log(risk) else qlogis(risk)
  list(estimate = value[2] - value[1], slope = slope)
}

for (z in c("t", "u")) {
  e <- pick(units, z)
  for (kind in c("risk_ratio", "odds_ratio")) {
    # complete
    e$w_ <- 1
    plain <- fit_glm(yes ~ z, binomial(if (kind == "risk_ratio") "log" else "logit"), e,
                     if (kind == "risk_ratio") c(-1, 0))
    put("units.csv", kind, "yes", z, estimate = coef(plain)["z"],
        std_error = sqrt(vcov(plain)["z", "z"]), n = nrow(e), by = "glm")
    a <- sum(e$yes * e$z); m <- sum(e$z); k <- sum(e$yes * (1 - e$z)); l <- sum(1 - e$z)
    put("units.csv", kind, "yes", z, n = nrow(e), by = "equation",
        estimate = if (kind == "risk_ratio") log(a / m / (k / l)) else log(a * (l - k) / ((m - a) * k)),
        std_error = sqrt(if (kind == "risk_ratio") 1/a - 1/m + 1/k - 1/l else 1/a + 1/(m-a) + 1/k + 1/(l-k)))
    fit <- binary_glm(e, kind, e$w)
    put("units.csv", kind, "yes", z, weight = "w", estimate = coef(fit)["z"],
        std_error = sqrt(vcovHC(fit, type = "HC0")["z", "z"]), n = nrow(e), by = "sandwich")
    # blocked
    for (w in c("", "w")) {
      weight <- if (w == "") rep(1, nrow(e)) else e$w
      r <- standardized(e, kind, weight)
      e$v <- e$yes * r$slope[e$z + 1]
      fit <- if (w == "") difference_in_means(v ~ z, e, blocks = block)
             else difference_in_means(v ~ z, e, blocks = block, weights = w)
      put("units.csv", kind, "yes", z, block = "block", weight = w, estimate = r$estimate,
          std_error = fit$std.error, n = nrow(e), by = "estimatr")
      if (w == "") {
        V <- sum(sapply(split(e, e$block), function(x) (nrow(x) / nrow(e))^2 *
          (r$slope[1]^2 * var(x$yes[x$z == 0]) / sum(x$z == 0) +
           r$slope[2]^2 * var(x$yes[x$z == 1]) / sum(x$z == 1))))
        put("units.csv", kind, "yes", z, block = "block", estimate = r$estimate,
            std_error = sqrt(V), n = nrow(e), by = "blocks")
      }
    }
  }
  for (y in c("count", "yes", "rare")) for (w in c("", "w")) for (block in c("", "block")) {
    f <- e
    f$y <- f[[y]]; f$w_ <- if (w == "") rep(1, nrow(f)) else f$w
    if (block != "") f <- f[ave(f$y, f$block, FUN = sum) > 0, ]
    fit <- fit_glm(if (block == "") y ~ z else y ~ z + block, poisson, f)
    put("units.csv", "rate_ratio", y, z, block = block, weight = w, estimate = coef(fit)["z"],
        std_error = sqrt(vcovHC(fit, type = "HC2")["z", "z"]), n = nrow(f), by = "sandwich")
  }

  e <- pick(clusters, z)
  e$k <- as.integer(factor(e$cluster))
  for (kind in c("risk_ratio", "odds_ratio")) for (w in c("", "w")) {
    weight <- if (w == "") rep(1, nrow(e)) else e$w
    fit <- binary_glm(e, kind, weight)
    put("clusters.csv", kind, "yes", z, cluster = "cluster", weight = w, estimate = coef(fit)["z"],
        std_error = sqrt(vcovCL(fit, e$k)["z", "z"]), n = nrow(e), by = "sandwich")
    r <- standardized(e, kind, weight)
    e$v <- e$yes * r$slope[e$z + 1]
    fit <- if (w == "") difference_in_means(v ~ z, e, blocks = block, clusters = k)
           else difference_in_means(v ~ z, e, blocks = block, clusters = k, weights = w)
    put("clusters.csv", kind, "yes", z, block = "block", cluster = "cluster", weight = w,
        estimate = r$estimate, std_error = fit$std.error, n = nrow(e), by = "estimatr")
  }
  for (y in c("count", "yes")) for (w in c("", "w")) for (block in c("", "block")) {
    e$y <- e[[y]]; e$w_ <- if (w == "") rep(1, nrow(e)) else e$w
    fit <- fit_glm(if (block == "") y ~ z else y ~ z + block, poisson, e)
    put("clusters.csv", "rate_ratio", y, z, block = block, cluster = "cluster", weight = w,
        estimate = coef(fit)["z"], n = nrow(e), by = if (w == "") "clubSandwich" else "equation",
        std_error = if (w == "") cr2(fit, e$k) else cr2_standardized(fit, e$k))
  }
}

# Whole clusters within several blocks: CR2 of a cluster's leverage matrix, not of a number
f <- pick(clusters, "t")
f$arm_block <- paste0("b", as.integer(factor(f$unit)) %% 3)
crossing <- write_data(data.frame(unit = f$unit, block = f$arm_block, cluster = f$cluster,
                                  arm = f$arm, count = f$count, w = f$w), "crossing.csv")
for (w in c("", "w")) {
  e <- pick(crossing, "t")
  e$k <- as.integer(factor(e$cluster))
  e$w_ <- if (w == "") rep(1, nrow(e)) else e$w
  fit <- fit_glm(count ~ z + block, poisson, e)
  put("crossing.csv", "rate_ratio", "count", block = "block", cluster = "cluster", weight = w,
      estimate = coef(fit)["z"], std_error = cr2_standardized(fit, e$k), n = nrow(e),
      by = "equation")
}

e <- pick(pairs, "t")
for (kind in c("risk_ratio", "odds_ratio")) {
  r <- standardized(e, kind, rep(1, nrow(e)))
  e$v <- e$yes * r$slope[e$z + 1]
  fit <- difference_in_means(v ~ z, e, blocks = block)
  put("pairs.csv", kind, "yes", block = "block", estimate = r$estimate, std_error = fit$std.error,
      n = nrow(e), by = "estimatr")
}
f <- e[ave(e$count, e$block, FUN = sum) > 0, ]
f$w_ <- 1
fit <- fit_glm(count ~ z + block, poisson, f)
put("pairs.csv", "rate_ratio", "count", block = "block", estimate = coef(fit)["z"],
    std_error = sqrt(vcovHC(fit, type = "HC2")["z", "z"]), n = nrow(f), by = "sandwich")

# ---- 0 cells: Miettinen & Nurminen's score interval, constrained fit by root finding
root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-16, maxiter = 10000)$root
constrained <- function(kind, x1, n1, x0, n0, ratio) {
  if (kind == "risk_ratio") {
    # Derivative of the log-likelihood times p and those of 1-p, 1-ratio p that occur in it
    m <- n1 - x1; q <- n0 - x0; top <- min(1, 1 / ratio)
    one <- function(p) if (m > 0) 1 - ratio * p else 1
    zero <- function(p) if (q > 0) 1 - p else 1
    slope <- function(p) (x1 + x0) * one(p) * zero(p) - m * ratio * p * zero(p) - q * p * one(p)
    p0 <- if (ratio == 1) (x1 + x0) / (n1 + n0) else if (slope(top) >= 0) top else root(slope, 0, top)
    c(ratio * p0, p0)
  } else {
    p1 <- function(p) ratio * p / (1 + p * (ratio - 1))
    p0 <- root(function(p) n1 * p1(p) + n0 * p - x1 - x0, 0, 1)
    c(p1(p0), p0)
  }
}
score_z <- function(kind, t, log_ratio) { # t: data frame x1 n1 x0 n0, a row a block
  ratio <- exp(log_ratio)
  share <- (t$n1 + t$n0) / sum(t$n1 + t$n0)
  top <- 0; V <- 0
  for (j in seq_len(nrow(t))) with(t[j, ], {
    p <- constrained(kind, x1, n1, x0, n0, ratio)
    more <- (n1 + n0) / (n1 + n0 - 1)
    if (kind == "risk_ratio") {
      top <<- top + share[j] * (x1 / n1 - ratio * x0 / n0)
      V <<- V + share[j]^2 * more * (p[1] * (1 - p[1]) / n1 + ratio^2 * p[2] * (1 - p[2]) / n0)
    } else {
      top <<- n1 * (x1 / n1 - p[1])
      V <<- more / (1 / (n1 * p[1] * (1 - p[1])) + 1 / (n0 * p[2] * (1 - p[2])))
    }
  })
  top / sqrt(V)
}
limits <- function(kind, t, estimate) {
  z <- qnorm(.975)
  f <- function(target) function(l) score_z(kind, t, l) - target
  middle <- if (is.finite(estimate)) estimate else 0
  low <- if (estimate == -Inf) NA else root(f(z), middle - 12, middle + if (is.finite(estimate)) -1e-6 else 12)
  high <- if (estimate == Inf) NA else root(f(-z), middle + if (is.finite(estimate)) 1e-6 else -12, middle + 12)
  c(low, high)
}
e <- pick(zero, "t")
for (y in c("none_t", "none_c", "all_t", "all_c", "apart")) for (kind in c("risk_ratio", "odds_ratio"))
  for (block in c("", "block")) {
    g <- if (block == "") rep(1, nrow(e)) else e$block
    t <- do.call(rbind, lapply(split(e, g), function(x) data.frame(x1 = sum(x[[y]] * x$z),
      n1 = sum(x$z), x0 = sum(x[[y]] * (1 - x$z)), n0 = sum(1 - x$z))))
    share <- (t$n1 + t$n0) / sum(t$n1 + t$n0)
    risk <- c(sum(share * t$x0 / t$n0), sum(share * t$x1 / t$n1))
    if (kind == "odds_ratio") risk <- ifelse(sapply(0:1, function(a) all(e[[y]][e$z == a] == 1)), Inf, risk / (1 - risk))
    estimate <- log(risk[2]) - log(risk[1])
    # In blocks the test of no effect is that of the risks, and odds have no interval.
    z0 <- score_z(if (block == "") kind else "risk_ratio", t, 0)
    ends <- if (kind == "odds_ratio" && block != "") c(NA, NA) else limits(kind, t, estimate)
    put("zero.csv", kind, y, block = block, estimate = if (is.finite(estimate)) estimate else NA,
        std_error = NA, p_value = 2 * pnorm(-abs(z0)), ci_low = ends[1], ci_high = ends[2],
        n = nrow(e), by = "score")
  }
# ---- STAR kindergarten: reading at 450 or more; arms regular, small, regular+aide as c, t, u
star <- read.csv("../../../deploy/demo/star_kindergarten.csv", na.strings = "",
                 colClasses = c(school = "character"))
star <- star[!is.na(star$reading), ]
star <- data.frame(unit = star$student, block = star$school,
  arm = c(regular = "c", small = "t", "regular+aide" = "u")[star$class_type],
  yes = as.numeric(star$reading >= 450))
write.csv(star, "star.csv", row.names = FALSE, quote = FALSE)
for (z in c("t", "u")) {
  e <- pick(star, z)
  e$w_ <- 1
  for (kind in c("risk_ratio", "odds_ratio")) {
    fit <- fit_glm(yes ~ z, binomial(if (kind == "risk_ratio") "log" else "logit"), e,
                   if (kind == "risk_ratio") c(log(mean(e$yes)), 0))
    put("star.csv", kind, "yes", z, estimate = coef(fit)["z"], std_error = sqrt(vcov(fit)["z", "z"]),
        n = nrow(e), by = "glm")
  }
  both <- names(which(tapply(e$z, e$block, function(x) length(unique(x))) == 2))
  e <- e[e$block %in% both, ]
  for (kind in c("risk_ratio", "odds_ratio")) {
    r <- standardized(e, kind, e$w_)
    e$v <- e$yes * r$slope[e$z + 1]
    fit <- difference_in_means(v ~ z, e, blocks = block)
    put("star.csv", kind, "yes", z, block = "block", estimate = r$estimate,
        std_error = fit$std.error, n = nrow(e), by = "estimatr")
  }
  f <- e[ave(e$yes, e$block, FUN = sum) > 0, ]
  fit <- fit_glm(yes ~ z + block, poisson, f)
  put("star.csv", "rate_ratio", "yes", z, block = "block", estimate = coef(fit)["z"],
      std_error = sqrt(vcovHC(fit, type = "HC2")["z", "z"]), n = nrow(f), by = "sandwich")
}

# ---- Israel 2001: schools in pairs; who earned the matriculation certificate
israel <- read.csv("../data/achievement_awards_israel.csv",
                   colClasses = c(school_id = "character", pair = "character"))
israel <- israel[israel$year == 2001, ]
schools <- unique(israel[, c("school_id", "pair")])
triple <- names(which(table(schools$pair) == 3))
israel <- israel[!israel$pair %in% triple, ]
israel <- data.frame(unit = israel$student_id, block = israel$pair, cluster = israel$school_id,
  arm = ifelse(israel$treated == 1, "t", "c"), yes = israel$bagrut_status, count = israel$awarded)
write.csv(israel, "israel.csv", row.names = FALSE, quote = FALSE)
e <- pick(israel, "t")
e$k <- as.integer(factor(e$cluster))
e$w_ <- 1
for (kind in c("risk_ratio", "odds_ratio")) {
  fit <- binary_glm(e, kind)
  put("israel.csv", kind, "yes", cluster = "cluster", estimate = coef(fit)["z"],
      std_error = sqrt(vcovCL(fit, e$k)["z", "z"]), n = nrow(e), by = "sandwich")
  r <- standardized(e, kind, e$w_)
  e$v <- e$yes * r$slope[e$z + 1]
  fit <- difference_in_means(v ~ z, e, blocks = block, clusters = k)
  put("israel.csv", kind, "yes", block = "block", cluster = "cluster", estimate = r$estimate,
      std_error = fit$std.error, n = nrow(e), by = "estimatr")
}
for (block in c("", "block")) {
  fit <- fit_glm(if (block == "") count ~ z else count ~ z + block, poisson, e)
  put("israel.csv", "rate_ratio", "count", block = block, cluster = "cluster",
      estimate = coef(fit)["z"], std_error = cr2(fit, e$k), n = nrow(e), by = "clubSandwich")
}
write.csv(cases, "cases.csv", row.names = FALSE, quote = FALSE)
