# One effect under several programs' conventions, as `pilot results --conventions` tells it.
# estimatr: lm_robust with HC2, or CR2 where there are clusters.  Stata: lm_robust's se_type =
# "stata" (HC1; CR1).  fixest (not in Debian) by its documented formula, from sandwich: what it leaves
# out of K, fixed effects that are nested in clusters, no block effect is here (clusters are whole in
# one arm, blocks hold several).  Writes units.csv (made-up rows) and conventions.csv.
suppressMessages({library(estimatr); library(sandwich)})
set.seed(20250310)
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
one_block <- function(agency, block) do.call(rbind, lapply(1:6, function(k) {
    n <- 3 + (k * 5 + block + agency) %% 7
    arm <- c("c", "t", "u")[1 + (k + block) %% 3]
    x <- round(rnorm(n, agency), 2)
    y <- 3 + agency + block / 2 + 0.8 * x + 0.6 * (arm == "t") - 0.3 * (arm == "u") + rnorm(1) / 2 +
        rnorm(n) * (1 + (arm == "t"))
    data.frame(agency = paste0("a", agency), block = paste0("b", block),
        cluster = paste0("k", block, k), arm, x, y = round(y, 3))
}))
d <- do.call(rbind, lapply(1:3, function(a) do.call(rbind, lapply(1:2, function(b) one_block(a, b)))))
d$unit <- sprintf("u%03d", sample(nrow(d)))
write.csv(d, "units.csv", row.names = FALSE, quote = FALSE)

rows <- list()
add <- function(design, scope, agency, estimator, convention, type, arm, b, se, df) {
    half <- qt(0.975, df) * se
    rows[[length(rows) + 1]] <<- data.frame(design, scope, agency, estimator, arm, convention,
        std_error_type = type, std_error = digits(se), df = digits(df),
        p_value = digits(2 * pt(-abs(b / se), df)), ci_low = digits(b - half),
        ci_high = digits(b + half))
}
one <- function(d, design, scope, agency, estimator, place, cluster = NULL) {
    d$place <- place; d$cl <- cluster; d$centred <- d$x - mean(d$x)
    f <- as.formula(paste("y ~", if (estimator == "lin") "arm * centred" else "arm + x",
        if (length(unique(place)) > 1) "+ place"))
    fit <- lm(f, data = d); n <- nrow(d); k <- length(coef(fit))
    if (is.null(cluster)) {
        own <- lm_robust(f, data = d, se_type = "HC2"); types <- c("HC2", "HC1")
        stata <- lm_robust(f, data = d, se_type = "stata")
        fixest <- vcovHC(fit, type = "HC0") * n / (n - k); fixest_df <- n - k
    } else {
        own <- lm_robust(f, data = d, clusters = cl, se_type = "CR2"); types <- c("CR2", "CR1")
        stata <- lm_robust(f, data = d, clusters = cl, se_type = "stata")
        s <- length(unique(cluster))
        stopifnot(all(tapply(cluster, place, function(x) length(unique(x))) > 1))
        fixest <- vcovCL(fit, cluster = cluster, type = "HC0", cadjust = FALSE) *
            (n - 1) / (n - k) * s / (s - 1)
        fixest_df <- s - 1
    }
    for (arm in c("t", "u")) {
        at <- paste0("arm", arm); b <- coef(fit)[[at]]
        for (name in c("plan", "estimatr"))
            add(design, scope, agency, estimator, name, types[1], arm, b, own$std.error[[at]], own$df[[at]])
        add(design, scope, agency, estimator, "stata", types[2], arm, b, stata$std.error[[at]], stata$df[[at]])
        add(design, scope, agency, estimator, "fixest", types[2], arm, b, sqrt(fixest[at, at]), fixest_df)
    }
}
for (estimator in c("ols", "lin")) {
    for (a in unique(d$agency)) {
        e <- d[d$agency == a, ]
        one(e, "plain", "agency", a, estimator, e$block)
        one(e, "clustered", "agency", a, estimator, e$block, e$cluster)
    }
    one(d, "plain", "pooled", "", estimator, paste(d$agency, d$block))
    one(d, "clustered", "pooled", "", estimator, paste(d$agency, d$block), paste(d$agency, d$cluster))
}
write.csv(do.call(rbind, rows), "conventions.csv", row.names = FALSE, quote = FALSE)
