# Golden values for the comparison across agencies: Rscript make_meta.R, from this folder.
# Writes data.csv (dataset, yi, vi), rows.csv (12 rows a dataset) and agencies.csv.
# r-cran-metafor 3.8.1, R 4.2.2.
# metafor stops at an absolute threshold, so it sees data with geometric-mean variance 1; what it
# says is put back into the data's own unit here.
suppressMessages(library(metafor))
options(digits = 17, warn = 1)
g <- function(x) format(x, digits = 17)
tight <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-15)
data <- rows <- agencies <- NULL
analyse <- function(name, yi, vi) {
  keep <- !is.na(yi) & !is.na(vi)
  yi <- yi[keep]; vi <- vi[keep]; k <- length(yi)
  data <<- rbind(data, data.frame(dataset = name, yi = g(yi), vi = g(vi)))
  s <- exp(mean(log(vi)) / 2)
  for (method in c("EE", "DL", "PM", "REML")) for (test in c("z", "knha", "adhoc")) {
    fit <- suppressWarnings(rma(yi / s, vi / s^2, method = method, test = test, control = tight))
    tau2 <- fit$tau2
    pi <- qt(.975, k - 2) * sqrt(tau2 + fit$se^2)
    # Both ends below 0: metafor says 0 to 0; here there is no interval.
    ci <- if (method == "EE" || fit$QE < qchisq(.025, k - 1)) c(NA, NA) else
      confint(fit, control = list(tol = 1e-15, maxiter = 10000, tau2.max = 1e8))$random["tau^2", 2:3]
    b <- as.numeric(fit$beta)
    rows <<- rbind(rows, data.frame(dataset = name,
      method = if (method == "EE") "fixed" else tolower(method), test = test, k = k,
      estimate = g(b * s), std_error = g(fit$se * s), p_value = g(fit$pval),
      ci_low = g(fit$ci.lb * s), ci_high = g(fit$ci.ub * s), pi_low = g((b - pi) * s),
      pi_high = g((b + pi) * s), tau2 = g(tau2 * s^2), tau2_low = g(ci[1] * s^2),
      tau2_high = g(ci[2] * s^2), q = g(fit$QE), q_p_value = g(fit$QEp), i2 = g(fit$I2),
      h2 = g(fit$H2)))
    if (method == "REML" && test != "adhoc") {
      eb <- blup(fit)
      agencies <<- rbind(agencies, data.frame(dataset = name, test = test, eb = g(eb$pred * s),
        eb_se = g(eb$se * s), weight = g(weights(fit) / 100)))
    }
  }
}
for (file in list.files("../data/meta", "csv$", full.names = TRUE)) {
  d <- read.csv(file)
  analyse(sub("meta_", "", sub(".csv", "", basename(file), fixed = TRUE)), d$yi, d$vi)
}
set.seed(7)
analyse("two_agencies", c(1.5, 4), c(.5, .8))
analyse("homogeneous", c(1, 1.01, .99, 1.02, 1), c(.5, .4, .3, .5, .2))
analyse("large", rnorm(300, 5, 2) + rnorm(300, 0, 1), rchisq(300, 8) / 8)
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)
write.csv(rows, "rows.csv", row.names = FALSE, quote = FALSE)
write.csv(agencies, "agencies.csv", row.names = FALSE, quote = FALSE)
