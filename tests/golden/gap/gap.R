# Golden values for gaps between the levels of a subgroup: Rscript gap.R, from this folder.
# Three generated agencies of three arms by cluster in blocks; `own`: a level that a cluster's units
# share; `g`, `s`: levels of units, so that clusters span them; agency a3 lacks level "low" of both,
# and has one level of `one`.  Fits by level are those of R packages.  Writes units.csv,
# gaps.csv (their difference) and joint.csv (tests over all levels).
# Independent levels: sums of variances, Welch-Satterthwaite df; oneway.test's formula over levels.
# Clusters that span levels: ONE regression with every regressor times the level's indicators and CR2 over
# clusters (clubSandwich, equal working weights) gives the difference's standard error.
# r-cran-estimatr 1.0.0, r-cran-clubsandwich 0.5.8, r-cran-aer 1.2-10, R 4.2.2.
suppressMessages({library(AER); library(estimatr); library(clubSandwich)})
set.seed(20241103)
draw_agency <- function(a) {
    rows <- list()
    for (b in 1:2) {
        clusters <- 14 + 2 * a
        arm <- sample(rep(c("c", "a", "b"), length.out = clusters))
        own <- rep(c("high", "low", "mid"), length.out = clusters)
        for (k in seq_len(clusters)) {
            n <- sample(3:8, 1)
            g <- sample(c("high", "low", "mid"), n, TRUE)
            u <- rnorm(n) + 0.6 * rnorm(1)
            x <- rnorm(n, a / 2)
            takes <- u + rnorm(n) > -0.8
            y <- 4 + a + b + 0.5 * x + (arm[k] == "a") * (0.4 + (g == "low")) * takes -
                (arm[k] == "b") * 0.3 + u + rnorm(n)
            rows[[length(rows) + 1]] <- data.frame(agency = paste0("a", a), block = paste0("b", b),
                cluster = sprintf("k%d_%02d", b, k), arm = arm[k], y = round(y, 4),
                z = as.integer(y > 6 + a), x = round(x, 3), g, s = as.integer(g == "low"),
                own = own[k], one = if (a == 3) "high" else g,
                got = ifelse(arm[k] != "c" & takes, arm[k], "c"),
                w = round(exp(rnorm(n, 0, 0.4)), 3))
        }
    }
    do.call(rbind, rows)
}
d <- do.call(rbind, lapply(1:3, draw_agency))
d$g[d$agency == "a3" & d$g == "low"] <- "mid"
d$s[d$agency == "a3"] <- 0
d$own[d$agency == "a3" & d$own == "low"] <- "mid"
d$unit <- sprintf("u%04d", sample(nrow(d)))
d$x[sample(nrow(d), 20)] <- NA
d$y[sample(nrow(d), 12)] <- NA
d$g[sample(nrow(d), 6)] <- NA
d <- d[order(d$unit), ]
write.csv(d, "units.csv", row.names = FALSE, quote = FALSE, na = "")

text <- function(x) if (is.na(x)) "" else format(x[[1]], digits = 17, trim = TRUE, scientific = TRUE)
scope_of <- function(scope, arms) {
    e <- d[!is.na(d$y) & (scope == "pooled" | d$agency == scope), ]
    e$place <- paste(e$agency, e$block); e$k <- paste(e$agency, e$cluster)
    e[e$arm %in% arms, ]
}
impute <- function(e, indicate = FALSE) {
    missing <- is.na(e$x)
    e$x[missing] <- mean(e$x, na.rm = TRUE)
    if (mean(missing) > 0.1) {
        stopifnot(indicate)
        e$x_missing <- as.numeric(missing)
    }
    e
}

# ---- one level's effect of arm a or b: estimate, standard error, df
fit_level <- function(e, estimator, arm, blocked, clustered, weighted = FALSE) {
    k <- if (clustered) e$k
    places <- if (length(unique(e$place)) > 1) "place"
    if (estimator == "difference_in_means") {
        e <- e[e$arm %in% c("c", arm), ]
        if (blocked) { # blocks that lack an arm are left out
            both <- names(which(tapply(e$arm, e$place, function(v) length(unique(v))) == 2))
            e <- e[e$place %in% both, ]
        }
        if (weighted && blocked)
            f <- difference_in_means(y ~ arm, e, blocks = place, clusters = k, weights = w,
                                     condition1 = "c", condition2 = arm)
        else if (weighted)
            f <- difference_in_means(y ~ arm, e, clusters = k, weights = w, condition1 = "c",
                                     condition2 = arm)
        else if (blocked && clustered)
            f <- difference_in_means(y ~ arm, e, blocks = place, clusters = k, condition1 = "c", condition2 = arm)
        else if (blocked)
            f <- difference_in_means(y ~ arm, e, blocks = place, condition1 = "c", condition2 = arm)
        else if (clustered)
            f <- difference_in_means(y ~ arm, e, clusters = k, condition1 = "c", condition2 = arm)
        else f <- difference_in_means(y ~ arm, e, condition1 = "c", condition2 = arm)
        return(c(f$coefficients[[1]], f$std.error[[1]], f$df[[1]]))
    }
    e$t <- as.numeric(e$arm == "a"); e$u <- as.numeric(e$arm == "b")
    if (estimator == "iv") {
        e <- e[e$arm %in% c("c", arm), ]
        e$dd <- as.numeric(e$got == arm); e$zz <- as.numeric(e$arm == arm)
        e <- impute(e, TRUE)
        more <- paste(c("", "x", if ("x_missing" %in% names(e)) "x_missing", if (blocked) places),
                      collapse = " + ")
        formula <- as.formula(paste0("y ~ dd", more, " | zz", more))
        f <- if (clustered) iv_robust(formula, e, clusters = k, se_type = "CR2") else iv_robust(formula, e, se_type = "HC2")
        return(c(f$coefficients[["dd"]], f$std.error[["dd"]], f$df[["dd"]]))
    }
    e <- impute(e)
    e$k <- k
    e$xc <- e$x - mean(e$x)
    right <- if (estimator == "lin") "t + u + xc + t:xc + u:xc" else "t + u + x"
    formula <- as.formula(paste("y ~", paste(c(right, if (blocked) places), collapse = " + ")))
    f <- if (clustered) lm_robust(formula, e, clusters = k, se_type = "CR2") else lm_robust(formula, e, se_type = "HC2")
    name <- if (arm == "a") "t" else "u"
    c(f$coefficients[[name]], f$std.error[[name]], f$df[[name]])
}

# ---- one regression of two levels, everything times the level
fit_stacked <- function(e, estimator, arm, variable, one, other, blocked, weighted = FALSE) {
    if (!weighted) e$w <- 1
    e <- e[!is.na(e[[variable]]) & e[[variable]] %in% c(one, other), ]
    parts <- lapply(c(one, other), function(l) {
        p <- impute(e[e[[variable]] == l, ])
        p$xc <- p$x - mean(p$x)
        p
    })
    e <- do.call(rbind, parts)
    e$t <- as.numeric(e$arm == "a"); e$u <- as.numeric(e$arm == "b")
    e$l <- as.numeric(e[[variable]] == other)
    if (estimator == "difference_in_means") e <- e[e$arm %in% c("c", arm), ]
    e$place <- paste(e$place, e$l)
    if (estimator == "difference_in_means") { # a mean for each arm, block and level
        if (!blocked) e$place <- paste("all", e$l)
        e$cell <- paste(e$place, e$arm, sep = "|")
        f <- lm(y ~ 0 + cell, e, weights = w)
        cells <- sub("^cell", "", names(coef(f)))
        place <- sub("[|].*", "", cells)
        in_level <- as.numeric(sub(".* ", "", place))
        share <- tapply(e$w, e$place, sum)[place] / tapply(e$w, e$l, sum)[as.character(in_level)]
        share <- as.numeric(share) * ifelse(sub(".*[|]", "", cells) == arm, 1, -1) * (2 * in_level - 1)
        v <- vcovCR(f, cluster = e$k, type = "CR2", inverse_var = FALSE)
        return(c(sum(share * coef(f)), sqrt(sum(outer(share, share) * v))))
    }
    right <- if (estimator == "lin") c("t", "u", "xc", "t:xc", "u:xc") else c("t", "u", "xc")
    terms <- c(right, "l", paste0("l:", right))
    if (blocked) terms <- c(terms[terms != "l"], "place")
    f <- lm(as.formula(paste("y ~", paste(terms, collapse = " + "))), e)
    name <- grep(if (arm == "a") "^(l:t|t:l)$" else "^(l:u|u:l)$", names(coef(f)), value = TRUE)
    v <- vcovCR(f, cluster = e$k, type = "CR2")
    c(coef(f)[[name]], sqrt(v[name, name]))
}

fit_stacked_iv <- function(e, arm, variable, one, other, blocked) {
    e <- e[!is.na(e[[variable]]) & e[[variable]] %in% c(one, other) & e$arm %in% c("c", arm), ]
    e$x_missing <- 0
    parts <- lapply(c(one, other), function(l) {
        p <- impute(e[e[[variable]] == l, ], TRUE)
        p$x <- p$x - mean(p$x)
        p
    })
    e <- do.call(rbind, parts)
    first <- as.numeric(e[[variable]] == one); l <- 1 - first
    e$d_one <- first * (e$got == arm); e$d_other <- l * (e$got == arm)
    e$z_one <- first * (e$arm == arm); e$z_other <- l * (e$arm == arm)
    e$x_one <- first * e$x; e$x_other <- l * e$x
    e$m_one <- first * e$x_missing; e$m_other <- l * e$x_missing
    e$place <- paste(if (blocked) e$place, l)
    more <- c("place", "x_one", "x_other", if (any(e$m_one > 0)) "m_one",
              if (any(e$m_other > 0)) "m_other")
    more <- paste(c("", more), collapse = " + ")
    f <- ivreg(as.formula(paste0("y ~ 0 + d_one + d_other", more, " | 0 + z_one + z_other", more)),
               data = e)
    v <- vcovCR(f, cluster = e$k, type = "CR2")[c("d_one", "d_other"), c("d_one", "d_other")]
    c(coef(f)[["d_other"]] - coef(f)[["d_one"]], sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2]))
}

# ---- all levels at once where clusters span them: Hotelling's reference, the smallest df
joint_stacked <- function(e, arm, variable, levels, blocked, df) {
    e <- do.call(rbind, lapply(levels, function(l) impute(e[!is.na(e[[variable]]) & e[[variable]] == l, ])))
    e$l <- factor(e[[variable]], levels)
    e$t <- as.numeric(e$arm == "a"); e$u <- as.numeric(e$arm == "b")
    e$place <- paste(if (blocked) e$place, e$l)
    f <- lm(y ~ 0 + place + l:t + l:u + l:x, e)
    names <- paste0("l", levels, if (arm == "a") ":t" else ":u")
    v <- vcovCR(f, cluster = e$k, type = "CR2")[names, names]
    contrast <- cbind(-1, diag(length(levels) - 1))
    b <- contrast %*% coef(f)[names]
    q <- nrow(contrast)
    form <- sum(b * solve(contrast %*% v %*% t(contrast), b))
    c(q, df - q + 1, (df - q + 1) / (df * q) * form)
}

gaps <- joint <- NULL
one_design <- function(scope, variable, estimator, blocked, clustered, weighted = FALSE) for (arm in c("a", "b")) {
    e <- scope_of(scope, c("c", "a", "b"))
    levels <- sort(unique(na.omit(e[[variable]])))
    fits <- sapply(levels, function(l) {
        p <- e[!is.na(e[[variable]]) & e[[variable]] == l, ]
        fit_level(p, estimator, arm, blocked, clustered, weighted)
    })
    # Where an arm of a level is one cluster, its effect is not told from the cluster's: no variance.
    alone <- sapply(levels, function(l) {
        p <- e[!is.na(e[[variable]]) & e[[variable]] == l & e$arm %in% c("c", arm), ]
        clustered && any(tapply(p$k, p$arm, function(k) length(unique(k))) == 1)
    })
    # Blocks that have one cluster of an arm: estimatr has no formula for difference_in_means, and
    # CR2 of iv may miss the direction that the effect needs.
    small <- sapply(levels, function(l) {
        p <- e[!is.na(e[[variable]]) & e[[variable]] == l & e$arm %in% c("c", arm), ]
        estimator %in% c("difference_in_means", "iv") && blocked && clustered &&
            any(tapply(p$k, paste(p$place, p$arm), function(k) length(unique(k))) == 1)
    })
    spans <- clustered && variable != "own"
    for (i in seq_along(levels)[-1]) {
        if (small[[1]] || small[[i]]) next
        v <- fits[2, c(1, i)]^2
        estimate <- fits[1, i] - fits[1, 1]
        std_error <- sqrt(sum(v)); df <- sum(v)^2 / sum(v^2 / fits[3, c(1, i)])
        if (spans) {
            r <- if (estimator == "iv") fit_stacked_iv(e, arm, variable, levels[1], levels[i], blocked)
                else fit_stacked(e, estimator, arm, variable, levels[1], levels[i], blocked, weighted)
            stopifnot(abs(r[1] - estimate) < 1e-9)
            std_error <- r[2]
            df <- min(fits[3, c(1, i)])
        }
        gaps <<- rbind(gaps, data.frame(scope, variable, estimator, blocked = +blocked,
            clustered = +clustered, weighted = +weighted, arm, level = levels[i], estimate = text(estimate),
            std_error = text(std_error), df = text(df),
            alone = +(alone[[1]] || alone[[i]])))
    }
    if (length(levels) > 2 && !spans && !any(small)) { # Welch 1951, as oneway.test has it
        f <- fits[, !alone]
        w <- 1 / f[2, ]^2; m <- f[1, ]; k <- length(m)
        tmp <- sum((1 - w / sum(w))^2 / f[3, ]) / (k^2 - 1)
        mean <- sum(w * m) / sum(w)
        f <- sum(w * (m - mean)^2) / ((k - 1) * (1 + 2 * (k - 2) * tmp))
        joint <<- rbind(joint, data.frame(scope, variable, estimator, blocked = +blocked,
            clustered = +clustered, arm, df1 = k - 1, df2 = text(1 / (3 * tmp)), f = text(f),
            p_value = text(pf(f, k - 1, 1 / (3 * tmp), lower.tail = FALSE))))
    }
    if (length(levels) > 2 && spans && estimator == "ols") {
        r <- joint_stacked(e, arm, variable, levels, blocked, min(fits[3, ]))
        joint <<- rbind(joint, data.frame(scope, variable, estimator, blocked = +blocked,
            clustered = +clustered, arm, df1 = r[1], df2 = text(r[2]), f = text(r[3]),
            p_value = text(pf(r[3], r[1], r[2], lower.tail = FALSE))))
    }
}
for (estimator in c("difference_in_means", "ols", "lin", "iv"))
    for (variable in c("g", "s", "own"))
        for (scope in c("a1", "a2", "a3", "pooled"))
            for (blocked in c(FALSE, TRUE)) for (clustered in c(FALSE, TRUE)) {
                if (variable == "s" && scope == "a3") next
                if (scope == "pooled" && !blocked) next # the agency is a block
                one_design(scope, variable, estimator, blocked, clustered)
            }
for (scope in c("a1", "a2", "a3", "pooled")) for (blocked in c(FALSE, TRUE))
    if (scope != "pooled" || blocked)
        one_design(scope, "g", "difference_in_means", blocked, TRUE, weighted = TRUE)
write.csv(gaps, "gaps.csv", row.names = FALSE, quote = FALSE)
write.csv(joint, "joint.csv", row.names = FALSE, quote = FALSE)
