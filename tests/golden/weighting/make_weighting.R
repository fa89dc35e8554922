# Golden values for Horvitz-Thompson and Hajek: Rscript make_weighting.R, from this folder.
# Writes cases.csv (expected numbers) and the generated data that it names.
# r-cran-estimatr 1.0.0, R 4.2.2.  `by` tells whose number it is: estimatr, or `joint`, the double
# sum over pairs of units with their joint probabilities, written out here.
suppressMessages(library(estimatr))
options(digits = 17, warn = 1)
set.seed(20240301)
write_data <- function(d, file) {
  for (v in names(d)) if (is.numeric(d[[v]])) d[[v]] <- signif(d[[v]], 12)
  d <- d[sample(nrow(d)), ]
  write.csv(d, file, row.names = FALSE, quote = FALSE, na = "")
  read.csv(file, na.strings = "", colClasses = c(unit = "character"))
}
arms <- c("c", "t", "u")
chance <- c(c = .5, t = .3, u = .2) # as the test declares them

# Units in blocks of 7 to 30; own-arm probabilities by unit (p_pair, two arms) and by block and arm.
b <- rep(1:6, times = c(7, 9, 12, 16, 20, 30))
p_t <- runif(length(b), .25, .7)
d <- data.frame(unit = sprintf("u%03d", seq_along(b)), block = sprintf("b%d", b),
  arm = unlist(lapply(split(b, b), function(x) sample(rep(c(arms, "c"), length.out = length(x))))),
  y = rnorm(length(b), b, 2), w = runif(length(b), .3, 3))
d$p_pair <- ifelse(d$arm == "c", 1 - p_t, p_t)
d$p_block <- c(c = .4, t = .25, u = .15)[d$arm] + b / 40
units <- write_data(d, "units.csv")

# Clusters of 1 to 9 units in blocks; p_cluster is constant within a cluster.
s <- rep(1:40, times = sample(1:9, 40, TRUE))
block_of <- rep(1:4, times = c(8, 9, 11, 12))
arm_of <- unlist(lapply(split(block_of, block_of), function(x) sample(rep(c(arms, "c"), length.out = length(x)))))
p_of <- runif(40, .25, .7)
d <- data.frame(unit = sprintf("u%03d", seq_along(s)), block = sprintf("b%d", block_of[s]),
  cluster = sprintf("k%02d", s), arm = arm_of[s], y = block_of[s] + rnorm(40)[s] + rnorm(length(s)),
  w = runif(length(s), .3, 3))
d$p_pair <- ifelse(d$arm == "c", 1 - p_of[s], p_of[s])
clusters <- write_data(d, "clusters.csv")

cases <- NULL
put <- function(file, estimator, treated, block = "", cluster = "", weight = "", probability = "",
                declared = "", plan_arms = 3, result, n, by)
  cases <<- rbind(cases, data.frame(file, estimator, outcome = "y", treated, block, cluster, weight,
    probability, declared, plan_arms, estimate = format(result[1], digits = 17),
    std_error = format(result[2], digits = 17), n, by))
pick <- function(d, z) {
  e <- d[d$arm %in% c("c", z), ]
  e$z <- as.numeric(e$arm == z)
  e[order(e$block, e$unit), ]
}
quiet <- function(fit) suppressMessages(fit)
of <- function(fit) c(unname(fit$coefficients["z"]), unname(fit$std.error["z"]))

# ---- the double sum over pairs.  v: contributions by unit; joint(i, j, a, b): P(i in a, j in b)
pairs_variance <- function(v, z, own, joint) {
  total <- 0
  for (i in seq_along(v)) for (j in seq_along(v)) {
    if (i == j) { total <- total + (v[i] / own[i])^2; next }
    p <- joint(i, j)
    sign <- if (z[i] == z[j]) 1 else -1
    total <- total + sign * v[i] * v[j] / (own[i] * own[j]) * (1 - own[i] * own[j] / p)
  }
  total
}
# Units (rows or clusters) with fixed numbers per block; joint probability of 0: the bound
# 2|ab| <= a^2 + b^2 over the pairs of the treated unit (Aronow & Samii 2013).
complete_variance <- function(v, z, block) {
  own <- numeric(length(v)); bound <- 0
  for (k in unique(block)) {
    i <- block == k; m <- sum(z[i]); n <- sum(i)
    own[i] <- ifelse(z[i] == 1, m / n, 1 - m / n)
    for (a in 0:1) if (sum(z[i] == a) == 1) bound <- bound + (n - 1) * v[i & z == a]^2 / own[i & z == a]
  }
  joint <- function(i, j) {
    if (block[i] != block[j]) return(own[i] * own[j])
    k <- block == block[i]; n <- sum(k); m <- sum(z[k] == z[i])
    if (z[i] == z[j]) m * (m - 1) / (n * (n - 1)) else m * (n - m) / (n * (n - 1))
  }
  pairs_variance(v, z, own, joint) + bound
}
shares <- function(unit_z, unit_block) ave(unit_z, unit_block)
collapse <- function(x, id) as.numeric(tapply(x, id, sum)[unique(id)])

reference <- function(e, hajek, p_t = NULL, block = rep(1, nrow(e)), id = seq_len(nrow(e)),
                      w = rep(1, nrow(e))) {
  id <- as.character(id)
  first <- !duplicated(id)
  uz <- e$z[first]; ub <- block[first]
  complete <- is.null(p_t)
  if (complete) p_t <- shares(uz, ub)[match(id, id[first])]
  own <- ifelse(e$z == 1, p_t, 1 - p_t)
  if (hajek) {
    m <- sapply(0:1, function(a) weighted.mean(e$y[e$z == a], (w / own)[e$z == a]))
    N <- sapply(0:1, function(a) sum((w / own)[e$z == a]))
    v <- w * (e$y - m[e$z + 1]) / N[e$z + 1]
    est <- m[2] - m[1]
  } else {
    v <- w * e$y / sum(w)
    est <- sum(ifelse(e$z == 1, 1, -1) * v / own)
  }
  vu <- collapse(v, id)
  V <- if (complete) complete_variance(vu, uz, ub) else sum((vu / own[first])^2)
  c(est, sqrt(V))
}
N <- function(e) nrow(e)

for (z in c("t", "u")) {
  e <- pick(units, z)
  p <- chance[[z]] / (chance[[z]] + chance[["c"]])
  e$p <- p
  # declared by the plan
  put("units.csv", "horvitz_thompson", z, declared = "yes", n = N(e), by = "estimatr",
      result = of(quiet(horvitz_thompson(y ~ z, e, condition_prs = p, simple = TRUE))))
  put("units.csv", "hajek", z, declared = "yes", n = N(e), by = "estimatr",
      result = of(lm_robust(y ~ z, e, weights = ifelse(z == 1, 1 / p, 1 / (1 - p)), se_type = "HC0")))
  put("units.csv", "hajek", z, declared = "yes", weight = "w", n = N(e), by = "estimatr",
      result = of(lm_robust(y ~ z, e, weights = w * ifelse(z == 1, 1 / p, 1 / (1 - p)), se_type = "HC0")))
  e$wy <- e$w * e$y * N(e) / sum(e$w)
  put("units.csv", "horvitz_thompson", z, declared = "yes", weight = "w", n = N(e), by = "estimatr",
      result = of(quiet(horvitz_thompson(wy ~ z, e, condition_prs = p, simple = TRUE))))
  # shares of a complete and of a blocked design
  put("units.csv", "horvitz_thompson", z, n = N(e), by = "estimatr",
      result = of(quiet(horvitz_thompson(y ~ z, e, simple = FALSE))))
  put("units.csv", "horvitz_thompson", z, n = N(e), by = "joint", result = reference(e, FALSE))
  put("units.csv", "hajek", z, n = N(e), by = "joint", result = reference(e, TRUE))
  put("units.csv", "hajek", z, weight = "w", n = N(e), by = "joint",
      result = reference(e, TRUE, w = e$w))
  put("units.csv", "horvitz_thompson", z, weight = "w", n = N(e), by = "estimatr",
      result = of(quiet(horvitz_thompson(wy ~ z, e, simple = FALSE))))
  # (estimatr leaves pairs with joint probability 0 out of the sum: only where there are none)
  if (all(table(e$block, e$z) > 1))
    put("units.csv", "horvitz_thompson", z, block = "block", n = N(e), by = "estimatr",
        result = of(quiet(horvitz_thompson(y ~ z, e, blocks = block))))
  put("units.csv", "horvitz_thompson", z, block = "block", n = N(e), by = "joint",
      result = reference(e, FALSE, block = e$block))
  put("units.csv", "horvitz_thompson", z, block = "block", weight = "w", n = N(e), by = "joint",
      result = reference(e, FALSE, block = e$block, w = e$w))
  for (w in c("", "w"))
    put("units.csv", "hajek", z, block = "block", weight = w, n = N(e), by = "joint",
        result = reference(e, TRUE, block = e$block, w = if (w == "") rep(1, N(e)) else e$w))
  # the data's column: two arms in the plan, then three
  if (z == "t") {
    e$p <- ifelse(e$z == 1, e$p_pair, 1 - e$p_pair)
    put("units.csv", "horvitz_thompson", z, probability = "p_pair", plan_arms = 2, n = N(e),
        by = "estimatr", result = of(quiet(horvitz_thompson(y ~ z, e, condition_prs = p, simple = TRUE))))
    put("units.csv", "hajek", z, probability = "p_pair", plan_arms = 2, n = N(e), by = "estimatr",
        result = of(lm_robust(y ~ z, e, weights = 1 / p_pair, se_type = "HC0")))
    put("units.csv", "hajek", z, block = "block", weight = "w", probability = "p_pair",
        plan_arms = 2, n = N(e), by = "estimatr",
        result = of(lm_robust(y ~ z, e, weights = w / p_pair, se_type = "HC0")))
  }
  other <- tapply(e$p_block, list(e$block, e$z), function(x) x[1])
  both <- rowSums(other)[e$block]
  e$p <- other[cbind(e$block, "1")] / both
  put("units.csv", "horvitz_thompson", z, block = "block", probability = "p_block", n = N(e),
      by = "estimatr", result = of(quiet(horvitz_thompson(y ~ z, e, condition_prs = p, simple = TRUE))))
  put("units.csv", "hajek", z, block = "block", probability = "p_block", n = N(e), by = "estimatr",
      result = of(lm_robust(y ~ z, e, weights = ifelse(z == 1, 1 / p, 1 / (1 - p)), se_type = "HC0")))
}

for (z in c("t", "u")) {
  e <- pick(clusters, z)
  e$k <- as.integer(factor(e$cluster)) # estimatr takes numbers
  e <- e[order(e$k, e$unit), ]
  e$p <- chance[[z]] / (chance[[z]] + chance[["c"]])
  put("clusters.csv", "horvitz_thompson", z, cluster = "cluster", declared = "yes", n = N(e),
      by = "estimatr",
      result = of(quiet(horvitz_thompson(y ~ z, e, clusters = k, condition_prs = p, simple = TRUE))))
  put("clusters.csv", "hajek", z, cluster = "cluster", declared = "yes", n = N(e), by = "estimatr",
      result = of(lm_robust(y ~ z, e, weights = ifelse(z == 1, 1 / p, 1 / (1 - p)), clusters = k, se_type = "CR0")))
  put("clusters.csv", "hajek", z, cluster = "cluster", weight = "w", declared = "yes", n = N(e),
      by = "estimatr",
      result = of(lm_robust(y ~ z, e, weights = w * ifelse(z == 1, 1 / p, 1 / (1 - p)), clusters = k, se_type = "CR0")))
  put("clusters.csv", "horvitz_thompson", z, cluster = "cluster", n = N(e), by = "estimatr",
      result = of(quiet(horvitz_thompson(y ~ z, e, clusters = k, simple = FALSE))))
  put("clusters.csv", "horvitz_thompson", z, cluster = "cluster", n = N(e), by = "joint",
      result = reference(e, FALSE, id = e$k))
  put("clusters.csv", "hajek", z, cluster = "cluster", n = N(e), by = "joint",
      result = reference(e, TRUE, id = e$k))
  put("clusters.csv", "hajek", z, cluster = "cluster", weight = "w", n = N(e), by = "joint",
      result = reference(e, TRUE, id = e$k, w = e$w))
  of_cluster <- e[!duplicated(e$k), ]
  if (all(table(of_cluster$block, of_cluster$z) > 1))
    put("clusters.csv", "horvitz_thompson", z, block = "block", cluster = "cluster", n = N(e),
        by = "estimatr",
        result = of(quiet(horvitz_thompson(y ~ z, e, blocks = block, clusters = k))))
  for (w in c("", "w")) for (h in c("horvitz_thompson", "hajek"))
    put("clusters.csv", h, z, block = "block", cluster = "cluster", weight = w, n = N(e), by = "joint",
        result = reference(e, h == "hajek", block = e$block, id = e$k,
                           w = if (w == "") rep(1, N(e)) else e$w))
  if (z == "t") {
    e$p <- ifelse(e$z == 1, e$p_pair, 1 - e$p_pair)
    put("clusters.csv", "horvitz_thompson", z, cluster = "cluster", probability = "p_pair",
        plan_arms = 2, n = N(e), by = "estimatr",
        result = of(quiet(horvitz_thompson(y ~ z, e, clusters = k, condition_prs = p, simple = TRUE))))
    put("clusters.csv", "hajek", z, cluster = "cluster", probability = "p_pair", plan_arms = 2,
        n = N(e), by = "estimatr",
        result = of(lm_robust(y ~ z, e, weights = 1 / p_pair, clusters = k, se_type = "CR0")))
  }
}
write.csv(cases, "cases.csv", row.names = FALSE, quote = FALSE)
