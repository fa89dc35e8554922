# Generated pilots: six agencies, blocks and clusters within them, three arms by cluster, weights,
# covariates with few and with many missing values, a category.  Every combination of blocks,
# weights and clusters by explicit dummies: estimatr for HC types, clubSandwich for CR types.
# Writes generated.csv and generated_estimates.csv beside this script.
suppressMessages({library(estimatr); library(clubSandwich)})
set.seed(20240611)
draw_agency <- function(a) {
    blocks <- 2 + a %% 3
    rows <- list()
    for (b in seq_len(blocks)) {
        clusters <- 5 + (a + b) %% 4
        arm <- sample(rep(c("c", "t", "u"), length.out = clusters))
        for (k in seq_len(clusters)) {
            n <- sample(c(1, 2, 3, 5, 14), 1)
            if (a == 3 && k == 1) n <- 40
            effect <- rnorm(1)
            x <- rnorm(n, a / 2); z <- rnorm(n) + 100; g <- sample(c("p", "q", "r"), n, TRUE)
            y <- 5 + a + b + (arm[k] == "t") * 0.7 - (arm[k] == "u") * 0.4 + 0.8 * x + 0.1 * z +
                (g == "q") + effect + rnorm(n) * (1 + (arm[k] == "t"))
            rows[[length(rows) + 1]] <- data.frame(agency = paste0("a", a),
                block = paste0("b", b), cluster = paste0("k", b, "_", k), arm = arm[k],
                y = round(y, 4), x = round(x, 3), z = round(z, 3), g,
                w = round(exp(rnorm(n, 0, 0.6)), 3))
        }
    }
    do.call(rbind, rows)
}
d <- do.call(rbind, lapply(1:6, draw_agency))
d$unit <- sprintf("u%04d", sample(nrow(d)))
d$x[sample(nrow(d), round(0.06 * nrow(d)))] <- NA
d$z[sample(nrow(d), round(0.2 * nrow(d)))] <- NA
d$g[sample(nrow(d), 25)] <- NA
d$y[sample(nrow(d), 20)] <- NA
d$w[sample(nrow(d), 15)] <- 0
write.csv(d, "generated.csv", row.names = FALSE, quote = FALSE, na = "")

digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
impute <- function(d, name, weight) {
    missing <- is.na(d[[name]])
    if (all(missing)) stop("all missing")
    d[[name]][missing] <- weighted.mean(d[[name]][!missing], weight[!missing])
    if (mean(missing) > 0.1) d[[paste0(name, "_missing")]] <- as.numeric(missing)
    d
}
estimate <- function(d, scope, blocked, weighted, clustered) {
    d <- d[!is.na(d$y), ]
    if (weighted) d <- d[d$w > 0, ]
    d$weight <- if (weighted) d$w else rep(1, nrow(d))
    for (name in c("x", "z")) d <- impute(d, name, d$weight)
    # clubSandwich inverts X'X: near 100, z would cost it eight digits of the df.
    for (name in c("x", "z")) d[[name]] <- d[[name]] - mean(d[[name]])
    d$t <- as.numeric(d$arm == "t"); d$u <- as.numeric(d$arm == "u")
    d$g[is.na(d$g)] <- "~missing"
    d$place <- if (blocked) paste(d$agency, d$block) else d$agency
    d$k <- paste(d$agency, d$cluster)
    terms <- c("t", "u", "x", if ("x_missing" %in% names(d)) "x_missing", "z",
               if ("z_missing" %in% names(d)) "z_missing", "g",
               if (length(unique(d$place)) > 1) "place")
    f <- as.formula(paste("y ~", paste(terms, collapse = "+")))
    out <- list()
    types <- if (clustered) c("CR0", "CR1", "CR2", "CR3") else c("classical", "HC0", "HC1", "HC2", "HC3")
    fit <- lm(f, data = d, weights = weight)
    for (type in types) {
        if (clustered) {
            v <- vcovCR(fit, cluster = d$k, type = if (type == "CR1") "CR1S" else type)
            se <- sqrt(diag(v)[c("t", "u")])
            df <- if (type == "CR2") coef_test(fit, v, test = "Satterthwaite", coefs = c("t", "u"))$df_Satt
                  else rep(length(unique(d$k)) - 1, 2)
        } else {
            r <- lm_robust(f, data = d, weights = weight, se_type = type)
            se <- r$std.error[c("t", "u")]; df <- r$df[c("t", "u")]
        }
        for (i in 1:2) out[[length(out) + 1]] <- data.frame(scope, blocked = as.integer(blocked),
            weighted = as.integer(weighted), clustered = as.integer(clustered), type,
            arm = c("t", "u")[i], estimate = digits(coef(fit)[[c("t", "u")[i]]]),
            std_error = digits(se[[i]]), df = digits(df[[i]]), n = nrow(d),
            clusters = if (clustered) length(unique(d$k)) else 0,
            control_mean = digits(weighted.mean(d$y[d$arm == "c"], d$weight[d$arm == "c"])))
    }
    do.call(rbind, out)
}
all <- list()
for (scope in c(sort(unique(d$agency)), "pooled"))
    for (blocked in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE)) for (clustered in c(FALSE, TRUE))
        all[[length(all) + 1]] <- estimate(if (scope == "pooled") d else d[d$agency == scope, ],
                                           scope, blocked, weighted, clustered)
write.csv(do.call(rbind, all), "generated_estimates.csv", row.names = FALSE, quote = FALSE, na = "")
