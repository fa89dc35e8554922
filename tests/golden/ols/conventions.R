# One effect's standard error under several programs' conventions.  estimatr: lm_robust with HC2, or
# clubSandwich's CR2.  Stata: lm_robust's se_type = "stata" (HC1; CR1 with (N-1)/(N-K) S/(S-1)).
# fixest (not in Debian) by its documented formula: N/(N-K); clustered (N-1)/(N-K') S/(S-1), where K'
# leaves out fixed effects that are nested in clusters (all of them: one intercept stays), t with
# S - 1.  Reads generated.csv (generated.R makes it); writes conventions_estimates.csv.
suppressMessages({library(estimatr); library(clubSandwich); library(sandwich)})
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
d <- read.csv("generated.csv", na.strings = "")
d <- d[!is.na(d$y) & !is.na(d$x), ]
all <- list()
add <- function(scope, blocked, weighted, cluster, convention, arm, se, df, estimate)
    all[[length(all) + 1]] <<- data.frame(scope, blocked = as.integer(blocked),
        weighted = as.integer(weighted), cluster, convention, arm, std_error = digits(se),
        df = digits(df), p_value = digits(2 * pt(-abs(estimate / se), df)))
one <- function(d, scope, blocked, weighted, cluster) {
    if (weighted) d <- d[d$w > 0, ]
    d$weight <- if (weighted) d$w else rep(1, nrow(d))
    d$place <- if (blocked) paste(d$agency, d$block) else d$agency
    d$k <- switch(cluster, none = seq_len(nrow(d)), cluster = paste(d$agency, d$cluster),
                  block = paste(d$agency, d$block))
    places <- length(unique(d$place))
    f <- as.formula(paste("y ~ arm + x", if (places > 1) "+ place"))
    fit <- lm(f, data = d, weights = weight)
    n <- nrow(d); k <- length(coef(fit)); s <- length(unique(d$k))
    if (cluster == "none") {
        own <- lm_robust(f, data = d, weights = weight, se_type = "HC2")
        stata <- lm_robust(f, data = d, weights = weight, se_type = "stata")
        fixest <- vcovHC(fit, type = "HC0") * n / (n - k)
        fixest_df <- n - k
    } else {
        v <- vcovCR(fit, cluster = d$k, type = "CR2")
        stata <- lm_robust(f, data = d, weights = weight, clusters = k, se_type = "stata")
        nested <- all(tapply(d$k, d$place, function(x) length(unique(x))) == 1)
        counted <- if (nested) k - places + 1 else k
        fixest <- vcovCL(fit, cluster = d$k, type = "HC0", cadjust = FALSE) *
            (n - 1) / (n - counted) * s / (s - 1)
        fixest_df <- s - 1
    }
    for (arm in c("t", "u")) {
        at <- paste0("arm", arm); b <- coef(fit)[[at]]
        if (cluster == "none")
            add(scope, blocked, weighted, cluster, "estimatr", arm, own$std.error[[at]], own$df[[at]], b)
        else if (!(nested && weighted)) # unequal weights, effect = cluster: variance_unidentified
            add(scope, blocked, weighted, cluster, "estimatr", arm, sqrt(v[at, at]),
                coef_test(fit, v, test = "Satterthwaite", coefs = at)$df_Satt, b)
        add(scope, blocked, weighted, cluster, "stata", arm, stata$std.error[[at]], stata$df[[at]], b)
        add(scope, blocked, weighted, cluster, "fixest", arm, sqrt(fixest[at, at]), fixest_df, b)
    }
}
for (scope in c("a2", "a3", "pooled")) for (blocked in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE))
    for (cluster in c("none", "cluster", if (scope == "pooled") "block"))
        one(if (scope == "pooled") d else d[d$agency == scope, ], scope, blocked, weighted, cluster)
write.csv(do.call(rbind, all), "conventions_estimates.csv", row.names = FALSE, quote = FALSE, na = "")
