# Golden values for iv: Rscript iv.R, from this folder.  Four generated agencies, blocks and clusters
# within them, three arms by cluster, weights, covariates with few and with many missing values, what
# was received as a number (dose) and as an arm's name (got).  Each contrast's two arms alone.
# AER's ivreg with sandwich (classical, HC) and clubSandwich (CR3), estimatr's iv_robust (the others);
# where two can, they are compared here.  First-stage F from lm_robust; Anderson-Rubin ends where the
# regression of y - beta received on the arm has p = 0.05 (found by bisection, not by formula).
# Writes units.csv and cases.csv beside this script.
# r-cran-aer 1.2-10, r-cran-estimatr 1.0.0, r-cran-sandwich 3.0-2, r-cran-clubsandwich 0.5.8, R 4.2.2.
suppressMessages({library(AER); library(sandwich); library(clubSandwich); library(estimatr)})
set.seed(20240917)
draw_agency <- function(a) {
    rows <- list()
    for (b in seq_len(2 + a %% 2)) {
        clusters <- 7 + (a + b) %% 3
        arm <- sample(rep(c("c", "a", "b"), length.out = clusters))
        for (k in seq_len(clusters)) {
            n <- sample(c(1, 2, 3, 5, 9), 1)
            if (a == 2 && k == 1) n <- 25
            u <- rnorm(n) + 0.5 * rnorm(1)
            x <- rnorm(n, a / 2); v <- rnorm(n) + 10; g <- sample(c("p", "q", "r"), n, TRUE)
            takes <- (u + rnorm(n) > -0.8)
            always <- (u + rnorm(n) > 1.6)
            got <- ifelse(arm[k] != "c" & takes, arm[k], ifelse(always, "a", "c"))
            dose <- 3 * (arm[k] == "a") * takes + 2 * (arm[k] == "b") * takes + 0.5 * u + rnorm(n)
            y <- 5 + a + b + 0.6 * dose + 0.8 * x + (g == "q") + u + rnorm(n)
            rows[[length(rows) + 1]] <- data.frame(agency = paste0("a", a),
                block = paste0("b", b), cluster = sprintf("k%d_%d", b, k), arm = arm[k],
                y = round(y, 4), z = as.integer(y > 7 + a), dose = round(dose, 4), got,
                x = round(x, 3), v = round(v, 3), g, w = round(exp(rnorm(n, 0, 0.5)), 3))
        }
    }
    do.call(rbind, rows)
}
d <- do.call(rbind, lapply(1:4, draw_agency))
d$unit <- sprintf("u%04d", sample(nrow(d)))
d$x[sample(nrow(d), round(0.04 * nrow(d)))] <- NA
d$v[sample(nrow(d), round(0.25 * nrow(d)))] <- NA
d$y[sample(nrow(d), 12)] <- NA
d$dose[sample(nrow(d), 9)] <- NA
d$got[sample(nrow(d), 9)] <- NA
d$w[sample(nrow(d), 7)] <- 0
d <- d[order(d$unit), ]
write.csv(d, "units.csv", row.names = FALSE, quote = FALSE, na = "")

text <- function(x) if (length(x) == 0 || is.na(x)) "" else format(x[[1]], digits = 17, trim = TRUE,
                                                                   scientific = TRUE)
impute <- function(d, name) {
    missing <- is.na(d[[name]])
    d[[name]][missing] <- weighted.mean(d[[name]][!missing], d$weight[!missing])
    d[[name]] <- d[[name]] - mean(d[[name]])
    if (mean(missing) > 0.1) d[[paste0(name, "_missing")]] <- as.numeric(missing)
    d
}
# HC2 and HC3 with leverages of the projected regressors (AER's hatvalues mix them with the actual
# ones, so sandwich's HC2 of an ivreg is another number).
by_hand <- function(fit, weight, power) {
    x <- model.matrix(fit, component = "projected")
    bread <- solve(crossprod(x * sqrt(weight)))
    leverage <- weight * rowSums((x %*% bread) * x)
    meat <- crossprod(x * weight * residuals(fit) / (1 - leverage)^(power / 2))
    sqrt((bread %*% meat %*% bread)["dd", "dd"])
}
agrees <- function(a, b, what) if (!isTRUE(all.equal(unname(a), unname(b), tolerance = 1e-8)))
    stop(what, ": ", a, " is not ", b)

cases <- NULL
one_case <- function(scope, blocked, clustered, weighted, covariates, received, arm, outcome) {
    e <- if (scope %in% c("pooled", "across")) d else d[d$agency == scope, ]
    e <- e[e$arm %in% c("c", arm), ]
    e$out <- e[[outcome]]
    e$dd <- if (received == "dose") e$dose else as.numeric(e$got == arm)
    e <- e[!is.na(e$out) & !is.na(e$dd), ]
    if (weighted) e <- e[e$w > 0, ]
    e$weight <- if (weighted) e$w else 1
    e$assigned <- as.numeric(e$arm == arm)
    e$place <- if (blocked) paste(e$agency, e$block) else e$agency
    e$k <- paste(e$agency, e$cluster)
    if (scope == "across") { # blocks and clusters of one label are one, whatever their agency
        e$place <- if (blocked) e$block else "all"
        e$k <- e$cluster
    }
    others <- NULL
    if (covariates) {
        for (name in c("x", "v")) e <- impute(e, name)
        others <- c("x", if ("x_missing" %in% names(e)) "x_missing", "v",
                    if ("v_missing" %in% names(e)) "v_missing", "g")
    }
    if (length(unique(e$place)) > 1) others <- c(others, "place")
    terms <- paste(c("", others), collapse = " + ")
    f <- as.formula(paste0("out ~ dd", terms, " | assigned", terms))
    first <- as.formula(paste0("dd ~ assigned", terms))
    reduced <- as.formula(paste0("rest ~ assigned", terms))
    N <- nrow(e); S <- length(unique(e$k))
    fit <- ivreg(f, data = e, weights = weight)
    K <- sum(!is.na(coef(fit)))
    types <- if (clustered) c("CR0", "CR1", "CR2", "CR3") else c("classical", "HC0", "HC1", "HC2", "HC3")
    if (outcome == "z") types <- if (clustered) "CR2" else "HC2"
    robust <- function(formula, data, type) {
        se_type <- if (type == "CR1") "stata" else type
        if (clustered) lm_robust(formula, data, weights = weight, clusters = k, se_type = se_type)
        else lm_robust(formula, data, weights = weight, se_type = se_type)
    }
    for (type in types) {
        if (type == "CR3") {
            se <- sqrt(vcovCR(fit, cluster = e$k, type = "CR3", inverse_var = FALSE)["dd", "dd"])
            df <- S - 1; strength <- NA
        } else {
            r <- if (clustered) iv_robust(f, e, weights = weight, clusters = k,
                                          se_type = if (type == "CR1") "stata" else type)
                 else iv_robust(f, e, weights = weight, se_type = type)
            se <- r$std.error[["dd"]]; df <- r$df[["dd"]]
            agrees(coef(fit)[["dd"]], r$coefficients[["dd"]], "estimate")
            strength <- robust(first, e, type)$statistic[["assigned"]]^2
            if (clustered && type != "CR2") df <- S - 1
            if (!clustered) agrees(df, N - K, "df")
        }
        if (!clustered && type == "classical") agrees(se, sqrt(vcov(fit)["dd", "dd"]), "AER")
        if (!clustered && type %in% c("HC0", "HC1"))
            agrees(se, sqrt(vcovHC(fit, type = type)["dd", "dd"]), "sandwich")
        if (!clustered && type %in% c("HC2", "HC3"))
            agrees(se, by_hand(fit, e$weight, if (type == "HC2") 1 else 2), "by hand")
        if (type == "CR2" && !weighted && !covariates)
            agrees(se, sqrt(vcovCR(fit, cluster = e$k, type = "CR2")["dd", "dd"]), "clubSandwich")
        low <- high <- NA; searched <- type %in% c("HC2", "CR2") && outcome == "y"
        if (searched) {
            excess <- function(beta) {
                e$rest <- e$out - beta * e$dd
                r <- robust(reduced, e, type)
                abs(r$statistic[["assigned"]]) - qt(0.975, r$df[["assigned"]])
            }
            critical <- qt(0.975, robust(first, e, type)$df[["assigned"]])
            if (strength > critical^2) {
                b <- coef(fit)[["dd"]]; step <- se
                while (excess(b - step) < 0 || excess(b + step) < 0) step <- 2 * step
                low <- uniroot(excess, c(b - step, b), tol = 1e-9)$root
                high <- uniroot(excess, c(b, b + step), tol = 1e-9)$root
            }
        }
        cases <<- rbind(cases, data.frame(scope, blocked = +blocked, clustered = +clustered,
            weighted = +weighted, covariates = +covariates, received, arm, outcome, type,
            estimate = text(coef(fit)[["dd"]]), std_error = text(se), df = text(df), n = N,
            n_arm = sum(e$assigned), clusters = if (clustered) S else 0, first_f = text(strength),
            searched = +searched, low = text(low), high = text(high)))
    }
}
for (blocked in c(FALSE, TRUE)) for (clustered in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE))
    for (covariates in c(FALSE, TRUE)) for (received in c("dose", "got"))
        for (arm in c("a", "b")) {
            for (scope in c("a2", "a3", "pooled"))
                one_case(scope, blocked, clustered, weighted, covariates, received, arm, "y")
            one_case("pooled", blocked, clustered, weighted, covariates, received, arm, "z")
            if (clustered && received == "dose")
                one_case("across", blocked, clustered, weighted, covariates, received, arm, "y")
        }
write.csv(cases, "cases.csv", row.names = FALSE, quote = FALSE)
