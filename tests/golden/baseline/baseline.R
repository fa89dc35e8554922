# An outcome's baseline is a covariate of that outcome alone: lm_robust and lm_lin (estimatr) with
# it and x for the outcome that has one, with x for the other; HC2, pooled with a dummy an agency.
# A baseline that is missing (in at most 10 % of the rows) takes its mean over the rows of the fit.
# Writes units.csv and estimates.csv.
suppressMessages(library(estimatr))
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
set.seed(20261122)
n <- 240
d <- data.frame(site = rep(c("north", "east", "west"), each = n / 3), id = sprintf("u%03d", seq_len(n)),
                arm = rep(c("c", "a", "b"), length.out = n), x = round(rnorm(n), 3))
ability <- rnorm(n)
d$before <- round(50 + 10 * ability + 3 * rnorm(n), 2)
d$score <- round(52 + 9 * ability + 2 * d$x + 3 * (d$arm == "a") + 4 * rnorm(n), 2)
d$visits <- rpois(n, exp(1 + 0.2 * d$x + 0.3 * (d$arm == "b")))
d$before[sample(n, 12)] <- NA
d$score[sample(n, 8)] <- NA
write.csv(d, "units.csv", row.names = FALSE, na = "", quote = FALSE)
d$arm <- factor(d$arm, c("c", "a", "b"))
all <- list()
for (site in c("", unique(d$site))) for (outcome in c("score", "visits")) {
    e <- d[!is.na(d[[outcome]]) & (site == "" | d$site == site), ]
    e$y <- e[[outcome]]
    e$before[is.na(e$before)] <- mean(e$before, na.rm = TRUE)
    covariates <- if (outcome == "score") c("before", "x") else "x"
    place <- if (site == "") "site" else NULL
    ols <- lm_robust(reformulate(c("arm", covariates, place), "y"), e, se_type = "HC2")
    for (name in covariates) e[[paste0(name, "_c")]] <- e[[name]] - mean(e[[name]])
    lin <- lm_robust(reformulate(c(sprintf("arm * %s_c", covariates), place), "y"), e, se_type = "HC2")
    for (arm in c("a", "b")) for (estimator in c("ols", "lin")) {
        fit <- list(ols = ols, lin = lin)[[estimator]]
        at <- paste0("arm", arm)
        all[[length(all) + 1]] <- data.frame(agency = site, outcome, arm, estimator,
            estimate = digits(coef(fit)[[at]]), std_error = digits(fit$std.error[[at]]), df = digits(fit$df[[at]]))
    }
}
write.csv(do.call(rbind, all), "estimates.csv", row.names = FALSE, quote = FALSE)
