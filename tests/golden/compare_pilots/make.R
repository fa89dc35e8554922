# Golden values for the comparison of pilots: Rscript make.R, from this folder.  Writes effects.csv
# and rows.csv.  r-cran-metafor on standardized effects; it stops at an absolute threshold, so it
# sees them with geometric-mean variance 1.
suppressMessages(library(metafor))
set.seed(4711)
tight <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-15)
g <- function(x) format(x, digits = 17, trim = TRUE)
pilots <- data.frame(pilot = c("alpha", "beta", "gamma", "lone"), k = c(12, 7, 5, 1),
                     sd = c(31.5, 0.42, 1200, 9), lower = c(0, 1, 0, 0))
e <- NULL
for (p in 1:4) for (a in seq_len(pilots$k[p])) for (outcome in if (p == 3) 1:2 else 1) {
  unit <- pilots$sd[p] * outcome
  d <- rnorm(1, 0.2, 0.25); se <- exp(rnorm(1, -2, 0.4))
  e <- rbind(e, data.frame(pilot = pilots$pilot[p], agency = paste0("a", a),
    mechanism = c("autonomy", "competence", "connection")[1 + (a + p) %% 3],
    estimate = (if (pilots$lower[p]) -d else d) * unit, std_error = se * unit, std_dev = unit,
    lower = pilots$lower[p]))
}
write.csv(transform(e, estimate = g(estimate), std_error = g(std_error), std_dev = g(std_dev)),
          "effects.csv", row.names = FALSE, quote = FALSE)
e$d <- e$estimate / e$std_dev * ifelse(e$lower, -1, 1)
e$s <- e$std_error / e$std_dev
rows <- NULL
fit <- function(by, group, pilot, e) {
  key <- paste(e$pilot, e$agency)
  d <- tapply(e$d, key, mean); s <- tapply(e$s, key, mean)
  row <- data.frame(by, group, pilot, k = length(d), estimate = NA, std_error = NA, ci_low = NA,
                    ci_high = NA, pi_low = NA, pi_high = NA, tau2 = NA, i2 = NA)
  if (length(d) == 1) {
    row[5:8] <- g(c(d, s, d - qnorm(.975) * s, d + qnorm(.975) * s))
  } else {
    u <- exp(mean(log(s)))
    r <- rma(as.numeric(d) / u, sei = as.numeric(s) / u, method = "REML", test = "knha", control = tight)
    b <- as.numeric(r$beta) * u; se <- r$se * u; tau2 <- r$tau2 * u^2
    pi <- if (length(d) > 2) qt(.975, length(d) - 2) * sqrt(tau2 + se^2) else NA
    row[5:12] <- g(c(b, se, r$ci.lb * u, r$ci.ub * u, b - pi, b + pi, tau2, r$I2))
  }
  rows <<- rbind(rows, row)
}
for (by in c("pilot", "mechanism")) {
  groups <- if (by == "pilot") rep("", nrow(e)) else e$mechanism
  for (group in sort(unique(groups))) {
    for (pilot in sort(unique(e$pilot[groups == group])))
      fit(by, group, pilot, e[groups == group & e$pilot == pilot, ])
    fit(by, group, "", e[groups == group, ])
  }
  if (by != "pilot") fit(by, "(all)", "", e)
}
write.csv(rows, "rows.csv", row.names = FALSE, quote = FALSE, na = "")
