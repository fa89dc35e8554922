# Golden values for what one agency does: Rscript make_influence.R, from this folder, after
# make_meta.R.  Writes influence.csv (one row an agency, method and test) and averages.csv.
# r-cran-metafor 3.8.1, r-cran-clubsandwich, R 4.2.2; scaled as in make_meta.R.
suppressMessages({library(metafor); library(clubSandwich)})
options(digits = 17, warn = 1)
g <- function(x) format(x, digits = 17)
data <- read.csv("data.csv")
influences <- averages <- NULL
combinations <- list(c("EE", "z"), c("DL", "z"), c("PM", "knha"), c("REML", "z"), c("REML", "knha"),
                     c("REML", "adhoc"))
for (name in unique(data$dataset)) {
  d <- data[data$dataset == name, ]
  s <- exp(mean(log(d$vi)) / 2)
  k <- nrow(d)
  if (k > 2) for (way in combinations) {
    if (k > 200 && way[2] != "knha") next # minutes each
    figures <- NULL
    # Where Fisher scoring cannot go that far without an agency, as far as it goes.
    for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11)) if (anyNA(figures) || is.null(figures)) {
      fit <- suppressWarnings(rma(d$yi / s, d$vi / s^2, method = way[1], test = way[2],
        control = list(threshold = threshold, maxiter = 10000, tol = 1e-15)))
      what <- influence(fit)
      new <- cbind(what$inf$hat, what$inf$rstudent, what$inf$cook.d, what$dfbs$intrcpt,
                   suppressWarnings(leave1out(fit))$estimate * s)
      figures <- if (is.null(figures)) new else ifelse(is.na(figures), new, figures)
    }
    influences <- rbind(influences, data.frame(dataset = name,
      method = if (way[1] == "EE") "fixed" else tolower(way[1]), test = way[2],
      hat = g(figures[, 1]), std_residual = g(figures[, 2]), cooks_distance = g(figures[, 3]),
      dfbetas = g(figures[, 4]), without = g(figures[, 5])))
  }
  # Weights by persons: made up, uneven, one of them large.
  persons <- round(50 + 400 * ((seq_len(k) * 7) %% 11) / 11); persons[1] <- 3000
  for (weighting in c("site", "person")) {
    w <- if (weighting == "site") rep(1, k) else persons
    y <- d$yi / s
    fit <- lm(y ~ 1, weights = w)
    robust <- coef_test(fit, vcov = vcovCR(fit, cluster = seq_len(k), type = "CR2",
                                           target = rep(1, k), inverse_var = FALSE),
                        test = "Satterthwaite")
    averages <- rbind(averages, data.frame(dataset = name, weighting = weighting,
      estimate = g(sum(w * y) / sum(w) * s), robust = g(robust$SE * s),
      df = g(if (is.null(robust$df_Satt)) robust$df else robust$df_Satt),
      design = g(sqrt(sum(w^2 * d$vi)) / sum(w))))
  }
}
write.csv(influences, "influence.csv", row.names = FALSE, quote = FALSE)
write.csv(averages, "averages.csv", row.names = FALSE, quote = FALSE)
