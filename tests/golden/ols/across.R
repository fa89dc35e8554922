# Designs that span agencies (level: across): agencies randomized, or teams with members in several
# agencies; blocks that span agencies (region) or cut through clusters (grade); with and without
# weights.  Explicit dummies, lm and clubSandwich.  Writes across.csv and across_estimates.csv.
suppressMessages(library(clubSandwich))
set.seed(77)
agencies <- 20
d <- do.call(rbind, lapply(seq_len(agencies), function(a) {
    n <- sample(c(3, 8, 15, 30), 1)
    data.frame(agency = sprintf("a%02d", a), region = paste0("r", a %% 4),
               team = sprintf("t%d_%02d", a %% 4, sample(1:6, n, TRUE)),
               grade = sample(c("g1", "g2", "g3"), n, TRUE))
}))
# One team lives in one agency, another in two of one region.
own <- which(d$agency == "a03")[1:3]; d$team[own] <- "t3_own"
agency_arm <- setNames(sample(rep(c("c", "t", "u"), length.out = agencies)), unique(d$agency))
team_arm <- setNames(sample(rep(c("c", "t", "u"), length.out = length(unique(d$team)))), unique(d$team))
d$arm_agency <- agency_arm[d$agency]
d$arm_team <- team_arm[d$team]
n <- nrow(d)
d$x <- round(rnorm(n, as.integer(substr(d$agency, 2, 3)) / 5), 3)
d$z <- round(rnorm(n) + 50, 3)
d$k <- sample(c("p", "q", "r"), n, TRUE)
d$y <- round(10 + rnorm(agencies)[as.integer(factor(d$agency))] + 0.5 * d$x + 0.1 * d$z +
             (d$k == "q") + (d$arm_team == "t") + rnorm(n), 4)
d$w <- round(exp(rnorm(n, 0, 0.5)), 3)
d$x[sample(n, round(0.05 * n))] <- NA
d$z[sample(n, round(0.2 * n))] <- NA
d$k[sample(n, 9)] <- NA
d$y[sample(n, 11)] <- NA
d$w[sample(n, 6)] <- 0
d$unit <- sprintf("u%04d", sample(n))
write.csv(d, "across.csv", row.names = FALSE, quote = FALSE, na = "")

digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
impute <- function(d, name, weight) {
    missing <- is.na(d[[name]])
    d[[name]][missing] <- weighted.mean(d[[name]][!missing], weight[!missing])
    if (mean(missing) > 0.1) d[[paste0(name, "_missing")]] <- as.numeric(missing)
    d
}
estimate <- function(d, cluster, block, weighted, type) {
    d <- d[!is.na(d$y), ]
    if (weighted) d <- d[d$w > 0, ]
    d$weight <- if (weighted) d$w else rep(1, nrow(d))
    for (name in c("x", "z")) {
        d <- impute(d, name, d$weight)
        # clubSandwich inverts X'X: near 50, z would cost it digits of the df.
        d[[name]] <- d[[name]] - mean(d[[name]])
    }
    arm <- d[[paste0("arm_", cluster)]]
    d$t <- as.numeric(arm == "t"); d$u <- as.numeric(arm == "u")
    d$k[is.na(d$k)] <- "~missing"
    terms <- c("t", "u", "x", if ("x_missing" %in% names(d)) "x_missing", "z",
               if ("z_missing" %in% names(d)) "z_missing", "k", if (block != "none") block)
    fit <- lm(as.formula(paste("y ~", paste(terms, collapse = "+"))), data = d, weights = weight)
    v <- vcovCR(fit, cluster = d[[cluster]], type = if (type == "CR1") "CR1S" else type)
    se <- sqrt(diag(v)[c("t", "u")])
    clusters <- length(unique(d[[cluster]]))
    df <- if (type == "CR2") coef_test(fit, v, test = "Satterthwaite", coefs = c("t", "u"))$df_Satt
          else rep(clusters - 1, 2)
    do.call(rbind, lapply(1:2, function(i) data.frame(cluster, block,
        weighted = as.integer(weighted), type, arm = c("t", "u")[i],
        estimate = digits(coef(fit)[[c("t", "u")[i]]]), std_error = digits(se[[i]]),
        df = digits(df[[i]]), n = nrow(d), clusters,
        blocks = if (block == "none") 0 else length(unique(d[[block]])))))
}
all <- list()
for (cluster in c("agency", "team")) for (block in c("none", "region", "grade"))
    for (weighted in c(FALSE, TRUE)) for (type in c("CR0", "CR1", "CR2", "CR3"))
        all[[length(all) + 1]] <- estimate(d, cluster, block, weighted, type)
write.csv(do.call(rbind, all), "across_estimates.csv", row.names = FALSE, quote = FALSE, na = "")
