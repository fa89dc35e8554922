# STAR kindergarten: reading and math on class type, female and age, with HC2, in each school and
# pooled with school effects.  Writes star_by_school.csv and star_pooled.csv beside this script.
suppressMessages(library(estimatr))
star <- read.csv("../../../deploy/demo/star_kindergarten.csv", colClasses = c(school = "character"))
arms <- c("regular", "small", "regular+aide")
star$small <- as.numeric(star$class_type == "small")
star$aide <- as.numeric(star$class_type == "regular+aide")
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)

impute <- function(d, name) {
    missing <- is.na(d[[name]])
    d[[name]][missing] <- mean(d[[name]][!missing])
    if (mean(missing) > 0.1) d[[paste0(name, "_missing")]] <- as.numeric(missing)
    d
}

rows <- list()
for (school in sort(unique(star$school), method = "radix")) for (outcome in c("reading", "math")) {
    d <- star[star$school == school & !is.na(star[[outcome]]), ]
    for (name in c("female", "age")) d <- impute(d, name)
    terms <- c("small", "aide", "female", if ("female_missing" %in% names(d)) "female_missing",
               "age", if ("age_missing" %in% names(d)) "age_missing")
    f <- as.formula(paste(outcome, "~", paste(terms, collapse = "+")))
    fit <- lm_robust(f, data = d, se_type = "HC2")
    # A school without control pupils has no effect against control: empty cells.
    control <- any(d$class_type == "regular")
    digits <- function(x) if (control) format(x, digits = 17, trim = TRUE, scientific = TRUE) else ""
    for (arm in c("small", "aide")) {
        rows[[length(rows) + 1]] <- data.frame(school, outcome, arm,
            estimate = digits(fit$coefficients[[arm]]), std_error = digits(fit$std.error[[arm]]),
            df = digits(fit$df[[arm]]), p_value = digits(fit$p.value[[arm]]), n = fit$nobs)
    }
}
write.csv(do.call(rbind, rows), "star_by_school.csv", row.names = FALSE, quote = FALSE, na = "")

rows <- list()
for (outcome in c("reading", "math")) for (covariates in c("none", "female_age")) {
    d <- star[!is.na(star[[outcome]]), ]
    for (name in c("female", "age")) d <- impute(d, name)
    terms <- c("small", "aide", if (covariates == "female_age") c("female", "age"))
    f <- as.formula(paste(outcome, "~", paste(terms, collapse = "+"), "+ school"))
    for (type in c("classical", "HC0", "HC1", "HC2", "HC3")) {
        fit <- lm_robust(f, data = d, se_type = type)
        for (arm in c("small", "aide"))
            rows[[length(rows) + 1]] <- data.frame(outcome, covariates, type, arm,
                estimate = digits(fit$coefficients[[arm]]),
                std_error = digits(fit$std.error[[arm]]), df = digits(fit$df[[arm]]), n = fit$nobs)
    }
}
write.csv(do.call(rbind, rows), "star_pooled.csv", row.names = FALSE, quote = FALSE, na = "")
