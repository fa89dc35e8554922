# Achievement awards in Israel, 2001: schools randomized in pairs; clustered by school, with and
# without effects of pairs, one file and by school type.  And Petersen's panel: ten "arms" (years)
# that vary within clusters (firms).  clubSandwich and estimatr; writes real_estimates.csv.
suppressMessages({library(estimatr); library(clubSandwich)})
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
rows <- function(data, scope, blocked, clustered, fit, f, d, arms, cluster) {
    types <- if (clustered) c("CR0", "CR1", "CR2", "CR3") else c("classical", "HC0", "HC1", "HC2", "HC3")
    # Some pairs have one school left in 2001: clubSandwich's CR3 cannot invert, its CR2 can.
    if (clustered && blocked) types <- setdiff(types, "CR3")
    out <- list()
    for (type in types) {
        if (clustered) {
            v <- vcovCR(fit, cluster = cluster, type = if (type == "CR1") "CR1S" else type)
            se <- sqrt(diag(v)[arms])
            df <- if (type == "CR2") coef_test(fit, v, test = "Satterthwaite", coefs = arms)$df_Satt
                  else rep(length(unique(cluster)) - 1, length(arms))
        } else {
            r <- lm_robust(f, data = d, se_type = type)
            se <- r$std.error[arms]; df <- r$df[arms]
        }
        for (i in seq_along(arms)) out[[length(out) + 1]] <- data.frame(data, scope,
            blocked = as.integer(blocked), clustered = as.integer(clustered), type, arm = i,
            estimate = digits(coef(fit)[[arms[i]]]), std_error = digits(se[[i]]),
            df = digits(df[[i]]), n = nrow(d))
    }
    do.call(rbind, out)
}
all <- list()
awards <- read.csv("../data/achievement_awards_israel.csv", na.strings = "")
for (scope in c("one", "Secular", "pooled")) for (blocked in c(FALSE, TRUE)) {
    d <- awards[awards$year == 2001, ]
    if (scope == "Secular") d <- d[d$school_type == scope, ]
    for (name in c("lagscore", "siblings", "mother_ed")) {
        missing <- is.na(d[[name]])
        stopifnot(mean(missing) <= 0.1)
        d[[name]][missing] <- mean(d[[name]][!missing])
        d[[name]] <- d[[name]] - mean(d[[name]])
    }
    # Pairs cross school types: pooled over those, agency x block is the block.
    place <- if (blocked) { if (scope == "pooled") "paste(school_type, pair)" else "factor(pair)" }
             else if (scope == "pooled") "school_type"
    f <- as.formula(paste("bagrut_status ~", paste(c("treated", "lagscore", "siblings", "mother_ed",
                                                     "sex", place), collapse = "+")))
    fit <- lm(f, data = d)
    all[[length(all) + 1]] <- rows("awards", scope, blocked, TRUE, fit, f, d, "treated", d$school_id)
}
petersen <- read.csv("../data/petersen_cl_simulated.csv")
petersen$year <- factor(petersen$cluster_year)
f <- y ~ year + x
fit <- lm(f, data = petersen)
arms <- paste0("year", 2:10)
for (clustered in c(FALSE, TRUE))
    all[[length(all) + 1]] <- rows("petersen", "one", FALSE, clustered, fit, f, petersen, arms,
                                   petersen$cluster_firm)
write.csv(do.call(rbind, all), "real_estimates.csv", row.names = FALSE, quote = FALSE, na = "")
