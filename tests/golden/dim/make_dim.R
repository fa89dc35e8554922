# Golden values for difference in means: Rscript make_dim.R, from this folder.
# Writes cases.csv (expected numbers) and the generated data files that it names.
# r-cran-estimatr 1.0.0, r-cran-clubsandwich 0.5.8, R 4.2.2.
suppressMessages({library(estimatr); library(clubSandwich)})
options(digits = 17, warn = 1)
cases <- NULL
add <- function(file, outcome, arm, control, treated, block = "", cluster = "", weight = "",
                filter = "", value = "", estimate, std_error, df, n, by) {
  cases <<- rbind(cases, data.frame(file, outcome, arm, control, treated, block, cluster, weight,
    filter, value, estimate = format(estimate, digits = 17),
    std_error = format(std_error, digits = 17), df = format(df, digits = 17), n, by))
}
from_estimatr <- function(fit, ...) add(..., estimate = unname(fit$coefficients),
  std_error = unname(fit$std.error), df = unname(fit$df), n = fit$nobs, by = "estimatr")

# ---- STAR kindergarten, each school, both contrasts, both outcomes
star <- read.csv("../../../deploy/demo/star_kindergarten.csv", na.strings = "",
                 colClasses = c(school = "character"))
for (school in sort(unique(star$school))) for (y in c("reading", "math"))
  for (z in c("small", "regular+aide")) {
    d <- star[star$school == school & !is.na(star[[y]]) & star$class_type %in% c("regular", z), ]
    n <- table(factor(d$class_type, c("regular", z)))
    if (any(n < 2)) next
    d$y <- d[[y]]
    fit <- difference_in_means(y ~ class_type, d, condition1 = "regular", condition2 = z)
    from_estimatr(fit, "star_kindergarten.csv", y, "class_type", "regular", z,
                  filter = "school", value = school)
  }
# ---- pooled: school is the block; schools without one of the arms are left out
for (y in c("reading", "math")) for (z in c("small", "regular+aide")) {
  d <- star[!is.na(star[[y]]) & star$class_type %in% c("regular", z), ]
  both <- names(which(tapply(d$class_type, d$school, function(a) length(unique(a))) == 2))
  d <- d[d$school %in% both, ]
  d$y <- d[[y]]
  fit <- difference_in_means(y ~ class_type, d, condition1 = "regular", condition2 = z,
                             blocks = school)
  from_estimatr(fit, "star_kindergarten.csv", y, "class_type", "regular", z,
                block = "school")
}

# ---- generated designs
set.seed(20240117)
write_data <- function(d, file) {
  for (v in names(d)) if (is.numeric(d[[v]])) d[[v]] <- signif(d[[v]], 12)
  d$unit <- sprintf("u%04d", sample(nrow(d)))
  d <- d[sample(nrow(d)), ]
  write.csv(d, file, row.names = FALSE, quote = FALSE, na = "")
  read.csv(file, na.strings = "", colClasses = c(unit = "character"))
}
arms <- c("c", "t", "u")
d <- write_data(data.frame(arm = sample(arms, 83, TRUE, c(.5, .3, .2)), y = rnorm(83, 3, 2),
                           w = runif(83, .2, 3)), "complete.csv")
d$y[3] <- d$y[3]
for (z in c("t", "u")) {
  from_estimatr(difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z),
                "complete.csv", "y", "arm", "c", z)
  fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z, weights = w)
  fit$nobs <- sum(d$arm %in% c("c", z))
  from_estimatr(fit, "complete.csv", "y", "arm", "c", z, weight = "w")
}
b <- sprintf("b%02d", rep(1:9, times = c(6, 7, 8, 9, 10, 11, 12, 8, 30)))
d <- data.frame(block = b, arm = "", y = rnorm(length(b), as.integer(factor(b)), 2),
                w = runif(length(b), .2, 3))
for (j in unique(b)) {
  n <- sum(b == j); d$arm[b == j] <- sample(rep(arms, length.out = n))
}
d <- write_data(d, "blocked.csv")
for (z in c("t", "u")) {
  fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z, blocks = block)
  from_estimatr(fit, "blocked.csv", "y", "arm", "c", z, block = "block")
  fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z, blocks = block,
                             weights = w)
  fit$nobs <- sum(d$arm %in% c("c", z))
  from_estimatr(fit, "blocked.csv", "y", "arm", "c", z, block = "block", weight = "w")
}
d <- write_data(data.frame(block = sprintf("p%02d", rep(1:25, each = 2)), arm = c("c", "t"),
                           y = rnorm(50) + rep(rnorm(25), each = 2)), "pairs.csv")
from_estimatr(difference_in_means(y ~ arm, d, blocks = block, condition1 = "c", condition2 = "t"),
              "pairs.csv", "y", "arm", "c", "t", block = "block")
s <- rep(1:34, times = sample(1:12, 34, TRUE))
d <- write_data(data.frame(cluster = sprintf("k%02d", s), arm = sample(rep(arms, length.out = 34))[s],
                           y = rnorm(34)[s] + rnorm(length(s)), w = runif(length(s), .2, 3)),
                "clustered.csv")
d$wk <- ave(d$w, d$cluster)
for (z in c("t", "u")) {
  fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z, clusters = cluster)
  from_estimatr(fit, "clustered.csv", "y", "arm", "c", z, cluster = "cluster")
  fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = z, clusters = cluster,
                             weights = w)
  fit$nobs <- sum(d$arm %in% c("c", z))
  from_estimatr(fit, "clustered.csv", "y", "arm", "c", z, cluster = "cluster", weight = "w")
  e <- d[d$arm %in% c("c", z), ]
  e$z <- as.numeric(e$arm == z)
  fit <- lm(y ~ z, e, weights = w)
  v <- coef_test(fit, vcov = vcovCR(fit, e$cluster, "CR2", inverse_var = FALSE), coefs = "z")
  add("clustered.csv", "y", "arm", "c", z, cluster = "cluster", weight = "w", estimate = v$beta,
      std_error = v$SE, df = v$df_Satt, n = nrow(e), by = "clubSandwich")
}
s <- rep(1:36, times = sample(1:9, 36, TRUE))
j <- rep(1:4, times = c(8, 9, 9, 10))[s]
z <- unlist(lapply(c(8, 9, 9, 10), function(n) sample(rep(c("c", "t"), length.out = n))))[s]
d <- write_data(data.frame(block = sprintf("b%d", j), cluster = sprintf("k%02d", s), arm = z,
                           y = j + rnorm(36)[s] + rnorm(length(s)), w = runif(length(s), .2, 3)),
                "blocked_clustered.csv")
fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = "t", blocks = block,
                           clusters = cluster)
from_estimatr(fit, "blocked_clustered.csv", "y", "arm", "c", "t", block = "block",
              cluster = "cluster")
fit <- difference_in_means(y ~ arm, d, condition1 = "c", condition2 = "t", blocks = block,
                           clusters = cluster, weights = w)
fit$nobs <- nrow(d)
from_estimatr(fit, "blocked_clustered.csv", "y", "arm", "c", "t", block = "block",
              cluster = "cluster", weight = "w")

# ---- Israel: schools in pairs (one triple), pupils of 2001
israel <- read.csv("../data/achievement_awards_israel.csv",
                   colClasses = c(school_id = "character", pair = "character"))
israel <- israel[israel$year == 2001, ]
schools <- unique(israel[, c("school_id", "pair")])
triple <- names(which(table(schools$pair) == 3))
pairs <- israel[!israel$pair %in% triple, ]
write.csv(pairs[, c("student_id", "school_id", "pair", "treated", "awarded")],
          "israel_pairs.csv", row.names = FALSE, quote = FALSE)
write.csv(israel[, c("student_id", "school_id", "pair", "treated", "awarded")],
          "israel.csv", row.names = FALSE, quote = FALSE)
fit <- difference_in_means(awarded ~ treated, pairs, blocks = pair, clusters = school_id)
from_estimatr(fit, "israel_pairs.csv", "awarded", "treated", "0", "1", block = "pair",
              cluster = "school_id")
# With the triple no block has a variance of its own: Pashley & Miratrix (2021), hybrid p, here
# written out a second time.
m <- tapply(israel$awarded, list(israel$pair, israel$treated), mean)
n <- as.numeric(table(israel$pair)[rownames(m)])
tau <- m[, "1"] - m[, "0"]
est <- sum(n * tau) / sum(n)
v <- sum(n^2 / ((sum(n) - 2 * n) * (sum(n) + sum(n^2 / (sum(n) - 2 * n)))) * (tau - est)^2)
add("israel.csv", "awarded", "treated", "0", "1", block = "pair", cluster = "school_id",
    estimate = est, std_error = sqrt(v), df = length(n) - 1, n = nrow(israel), by = "equation")

write.csv(cases, "cases.csv", row.names = FALSE, quote = FALSE)
