# Model lin.  estimatr's lm_lin where it has the design (complete cases, weights, clusters, several
# arms); where it has not (blocks, imputation, other variances) the centred covariates times arms as
# columns, by lm_robust and clubSandwich.  Reads generated.csv (generated.R makes it) and the men of
# Lin (2013); writes lin_estimates.csv.
suppressMessages({library(estimatr); library(clubSandwich)})
digits <- function(x) if (is.na(x)) "" else format(x, digits = 17, trim = TRUE, scientific = TRUE)
all <- list()
add <- function(source, scope, blocked, weighted, clustered, type, arm, estimate, se, df, n)
    all[[length(all) + 1]] <<- data.frame(source, scope, blocked = as.integer(blocked),
        weighted = as.integer(weighted), clustered = as.integer(clustered), type, arm,
        estimate = digits(estimate), std_error = digits(se), df = digits(df), n)

d <- read.csv("generated.csv", na.strings = "")

# 1. lm_lin itself, on complete cases (the plan's `drop`).
complete <- d[complete.cases(d[c("y", "x", "z", "g")]), ]
for (scope in c("a1", "a4", "one")) for (weighted in c(FALSE, TRUE)) for (clustered in c(FALSE, TRUE)) {
    e <- if (scope == "one") complete else complete[complete$agency == scope, ]
    if (weighted) e <- e[e$w > 0, ]
    e$k <- e$cluster # over all agencies: clusters that span them
    type <- if (clustered) "CR2" else "HC2"
    arguments <- list(y ~ arm, covariates = ~ x + z + g, data = e, se_type = type)
    if (weighted) arguments$weights <- e$w
    if (clustered) arguments$clusters <- e$k
    fit <- do.call(lm_lin, arguments)
    for (arm in c("t", "u")) {
        at <- paste0("arm", arm)
        add("lm_lin", scope, FALSE, weighted, clustered, type, arm, fit$coefficients[[at]],
            fit$std.error[[at]], fit$df[[at]], nrow(e))
    }
}

# 2. Columns of our own.
impute <- function(d, name, weight) {
    missing <- is.na(d[[name]])
    d[[name]][missing] <- weighted.mean(d[[name]][!missing], weight[!missing])
    if (mean(missing) > 0.1) d[[paste0(name, "_missing")]] <- as.numeric(missing)
    d
}
explicit <- function(d, scope, blocked, weighted, clustered) {
    d <- d[!is.na(d$y), ]
    if (weighted) d <- d[d$w > 0, ]
    d$weight <- if (weighted) d$w else rep(1, nrow(d))
    for (name in c("x", "z")) d <- impute(d, name, d$weight)
    d$g[is.na(d$g)] <- "~missing" # behind all others in byte order
    covariates <- c("x", if ("x_missing" %in% names(d)) "x_missing", "z",
                    if ("z_missing" %in% names(d)) "z_missing")
    for (level in sort(unique(d$g), method = "radix")[-1]) {
        name <- paste0("g_", make.names(level)) # bytewise first level: none
        d[[name]] <- as.numeric(d$g == level)
        covariates <- c(covariates, name)
    }
    d$t <- as.numeric(d$arm == "t"); d$u <- as.numeric(d$arm == "u")
    interactions <- c()
    for (name in covariates) {
        d[[name]] <- d[[name]] - weighted.mean(d[[name]], d$weight)
        for (arm in c("t", "u")) {
            d[[paste0(arm, "_", name)]] <- d[[arm]] * d[[name]]
            interactions <- c(interactions, paste0(arm, "_", name))
        }
    }
    d$place <- if (blocked) paste(d$agency, d$block) else d$agency
    d$k <- paste(d$agency, d$cluster)
    f <- function(terms) as.formula(paste("y ~", paste(c("t", "u", terms,
        if (length(unique(d$place)) > 1) "place"), collapse = "+")))
    terms <- c(covariates, interactions)
    fit <- lm(f(terms), data = d, weights = weight)
    if (anyNA(coef(fit))) {
        terms <- setdiff(terms, names(which(is.na(coef(fit)))))
        fit <- lm(f(terms), data = d, weights = weight)
    }
    # Rows of leverage one that carry part of an arm's coefficient: estimatr divides rounding by
    # rounding, so there is no standard error to compare with (empty: leverage_one).  Where such a
    # row carries nothing its term is 0/0, and there is no row here.
    decomposition <- qr(model.matrix(fit) * sqrt(d$weight))
    influence <- qr.Q(decomposition) %*% t(solve(qr.R(decomposition)))
    full <- rowSums(qr.Q(decomposition)^2) > 1 - 1e-9
    alone <- function(arm) any(full & abs(influence[, which(names(coef(fit)) == arm)]) > 1e-6)
    types <- if (clustered) c("CR0", "CR1", "CR2") else c("classical", "HC0", "HC1", "HC2", "HC3")
    for (type in types) {
        if (clustered) {
            v <- vcovCR(fit, cluster = d$k, type = if (type == "CR1") "CR1S" else type)
            se <- sqrt(diag(v)[c("t", "u")])
            df <- if (type == "CR2") coef_test(fit, v, test = "Satterthwaite", coefs = c("t", "u"))$df_Satt
                  else rep(length(unique(d$k)) - 1, 2)
        } else {
            r <- lm_robust(f(terms), data = d, weights = weight, se_type = type)
            se <- r$std.error[c("t", "u")]; df <- r$df[c("t", "u")]
            if (type %in% c("HC2", "HC3")) se[c(alone("t"), alone("u"))] <- NA
        }
        if (type %in% c("HC2", "CR2") && scope %in% c("a6", "pooled") && !anyNA(se)) {
            # Covariates x arm: every interaction, and their Wald statistic.
            kept <- intersect(interactions, terms)
            b <- coef(fit)[kept]
            m <- (if (clustered) v else r$vcov)[kept, kept]
            if (all(is.finite(m))) {
                for (name in kept) add("interaction", scope, blocked, weighted, clustered, type, name,
                                       b[[name]], sqrt(m[name, name]), length(kept), nrow(d))
                add("wald", scope, blocked, weighted, clustered, type, "all",
                    sum(b * solve(m, b)), 1, length(kept), nrow(d))
            }
        }
        for (i in which(!is.nan(se))) add("explicit", scope, blocked, weighted, clustered, type, c("t", "u")[i],
                           coef(fit)[[c("t", "u")[i]]], se[[i]], df[[i]], nrow(d))
    }
}
for (scope in c("a3", "a4", "a6", "pooled"))
    for (blocked in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE)) for (clustered in c(FALSE, TRUE)) {
        # A single agency has fewer clusters than coefficients.
        if (clustered && scope != "pooled") next
        explicit(if (scope == "pooled") d else d[d$agency == scope, ], scope, blocked, weighted, clustered)
    }

# 3. Lin's own data.
men <- read.csv("../data/star_canada_men.csv", na.strings = "")
for (year in 1:2) for (type in c("HC2", "classical")) {
    men$gpa <- men[[paste0("gpa_year", year)]]
    fit <- lm_lin(gpa ~ sfsp, covariates = ~ gpa0, data = men, se_type = type)
    add("men", paste0("gpa_year", year), FALSE, FALSE, FALSE, type, "1", fit$coefficients[["sfsp"]],
        fit$std.error[["sfsp"]], fit$df[["sfsp"]], sum(!is.na(men$gpa)))
}
write.csv(do.call(rbind, all), "lin_estimates.csv", row.names = FALSE, quote = FALSE, na = "")
