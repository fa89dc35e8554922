# Golden values for durations: Rscript make_survival.R, from this folder.
# Writes durations.csv (made-up rows), cases.csv (one contrast a row) and curves.csv.
# r-cran-survival 3.5-3, R 4.2.2.
suppressMessages(library(survival))
options(digits = 17, warn = 1)
set.seed(20240311)

# ---- rows: 6 blocks, 36 clusters in them, times with ties, three arms, weights; loss rare in "few"
s <- rep(1:36, times = sample(3:11, 36, TRUE))
block <- rep(1:6, each = 6)[s]
arm <- unlist(lapply(1:6, function(j) sample(rep(c("c", "t", "u"), 2))))[s]
n <- length(s)
frailty <- exp(rnorm(36, 0, .5))[s]
time <- rexp(n, .08 * frailty * exp(-.4 * (arm == "t") + .1 * block))
loss <- runif(n, 2, 40)
d <- data.frame(unit = sprintf("u%04d", sample(n)), arm, block = sprintf("b%d", block),
                cluster = sprintf("k%02d", s), weight = signif(runif(n, .2, 3), 6),
                fine = signif(pmin(time, loss), 12), event = as.integer(time <= loss))
d$coarse <- pmax(ceiling(d$fine / 2), 1)
d <- d[sample(n), ]
write.csv(d, "durations.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("durations.csv")
d <- d[order(d$block, d$cluster, d$unit), ]

cases <- NULL
add <- function(estimator, time, treated, blocked, clustered, weighted, horizon, estimate, std_error,
                control_mean, by) {
  cases <<- rbind(cases, data.frame(estimator, time, treated, blocked, clustered, weighted, horizon,
    estimate = format(estimate, digits = 17), std_error = format(std_error, digits = 17),
    control_mean = format(control_mean, digits = 17), by))
}

# ---- area under one arm's curve, Greenwood's standard error (summary's rmean), influences
area <- function(e, tau, weighted) {
  cell <<- e # residuals() looks for it by name
  f <- if (weighted) survfit(Surv(time, event) ~ 1, cell, weights = weight)
       else survfit(Surv(time, event) ~ 1, cell)
  table <- survival:::survmean(f, 1, tau)$matrix
  list(area = table[["rmean"]], error = table[["se(rmean)"]],
       influence = residuals(f, times = tau, type = "auc", weighted = TRUE))
}
rmst <- function(column, z, horizon = 0, blocked = FALSE, clustered = FALSE, weighted = FALSE) {
  e <- d[d$arm %in% c("c", z), ]
  e$time <- e[[column]]
  known <- function(x) if (min(x$event[x$time == max(x$time)]) == 1) Inf else max(x$time)
  cells <- if (blocked) split(e, list(e$arm, e$block)) else split(e, e$arm)
  tau <- horizon
  if (tau == 0)
    tau <- min(max(e$time[e$arm == "c"]), max(e$time[e$arm == z]), sapply(cells, known))
  share <- if (blocked) tapply(if (weighted) e$weight else rep(1, nrow(e)), e$block, sum) else 1
  share <- share / sum(share)
  estimate <- control <- variance <- 0
  influence <- cluster <- NULL
  for (x in cells) {
    p <- if (blocked) share[[x$block[1]]] else 1
    sign <- if (x$arm[1] == "c") -1 else 1
    a <- area(x, tau, weighted)
    estimate <- estimate + sign * p * a$area
    if (sign < 0) control <- control + p * a$area
    units <- if (clustered) length(unique(x$cluster)) else nrow(x)
    factor <- if (blocked || clustered) units / (units - 1) else 1
    variance <- variance + p^2 * factor * a$error^2
    influence <- c(influence, p * sqrt(factor) * as.vector(a$influence))
    cluster <- c(cluster, x$cluster)
  }
  if (clustered) variance <- sum(rowsum(influence, cluster)^2)
  else if (weighted) variance <- sum(influence^2)
  add("rmst", column, z, blocked, clustered, weighted, horizon, estimate, sqrt(variance), control,
      if (clustered || weighted) "residuals.survfit" else "survmean")
}
for (column in c("fine", "coarse")) for (z in c("t", "u"))
  for (clustered in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE))
    for (blocked in c(FALSE, TRUE)) {
      rmst(column, z, 0, blocked, clustered, weighted)
      rmst(column, z, 5, blocked, clustered, weighted)
    }

# ---- log-rank: survdiff, stratified by block
for (column in c("fine", "coarse")) for (z in c("t", "u")) for (blocked in c(FALSE, TRUE)) {
  e <- d[d$arm %in% c("c", z), ]
  e$time <- e[[column]]
  f <- if (blocked) survdiff(Surv(time, event) ~ arm + strata(block), e)
       else survdiff(Surv(time, event) ~ arm, e)
  excess <- sum(as.matrix(f$obs)[2, ]) - sum(as.matrix(f$exp)[2, ])
  v <- f$var[2, 2]
  add("log_rank", column, z, blocked, FALSE, FALSE, 0, excess / v, 1 / sqrt(v), 0, "survdiff")
}
# robust: score residuals of coxph at 0, Breslow; the information is the one of survdiff (weighted
# sums, ties by counts)
information <- function(e, weighted) {
  w <- if (weighted) e$weight else rep(1, nrow(e))
  total <- 0
  for (b in unique(e$block)) for (t in unique(e$time[e$block == b & e$event == 1])) {
    r <- e$block == b & e$time >= t
    dead <- r & e$time == t & e$event == 1
    p <- sum(w[r & e$arm != "c"]) / sum(w[r])
    if (sum(r) > 1)
      total <- total + sum(w[dead]) * p * (1 - p) * (sum(r) - sum(dead)) / (sum(r) - 1)
  }
  total
}
for (column in c("fine", "coarse")) for (z in c("t", "u")) for (blocked in c(FALSE, TRUE))
  for (clustered in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE)) {
    if (!clustered && !weighted) next
    e <- d[d$arm %in% c("c", z), ]
    e$time <- e[[column]]
    e$z <- as.numeric(e$arm == z)
    e$id <- if (clustered) e$cluster else e$unit
    e$w <- if (weighted) e$weight else 1
    form <- if (blocked) Surv(time, event) ~ z + strata(block) else Surv(time, event) ~ z
    f <- coxph(form, e, weights = w, cluster = id, init = 0, ties = "breslow",
               control = coxph.control(iter.max = 0))
    r <- residuals(f, type = "score", weighted = TRUE)
    if (!blocked) {
      r0 <- rowsum(r, e$id)
      stopifnot(all.equal(sum(r0)^2 / sum(r0^2), f$rscore[[1]]))
      e$block <- "all"
    }
    units <- tapply(e$id, e$block, function(x) length(unique(x)))
    factor <- if (blocked) sqrt(units / (units - 1))[e$block] else 1
    v <- information(e, weighted)
    add("log_rank", column, z, blocked, clustered, weighted, 0, sum(r) / v,
        sqrt(sum(rowsum(r * factor, e$id)^2)) / v, 0, "coxph")
  }
write.csv(cases, "cases.csv", row.names = FALSE, quote = FALSE)

# ---- curves
curves <- NULL
for (column in c("fine", "coarse")) for (z in c("c", "t"))
  for (clustered in c(FALSE, TRUE)) for (weighted in c(FALSE, TRUE)) {
    e <- d[d$arm == z, ]
    e$time <- e[[column]]
    e$w <- if (weighted) e$weight else 1
    f <- if (clustered) survfit(Surv(time, event) ~ 1, e, weights = w, cluster = cluster)
         else survfit(Surv(time, event) ~ 1, e, weights = w)
    q <- summary(f, censored = TRUE)
    number <- function(x) ifelse(is.na(x) | q$surv == 0, "", format(x, digits = 17, trim = TRUE))
    curves <- rbind(curves, data.frame(column, arm = z, clustered, weighted,
      time = format(q$time, digits = 17, trim = TRUE), at_risk = number(q$n.risk * (q$surv > 0)),
      events = format(q$n.event, digits = 17, trim = TRUE),
      censored = format(q$n.censor, digits = 17, trim = TRUE),
      survival = format(q$surv, digits = 17, trim = TRUE), std_error = number(q$std.err),
      low = number(q$lower), high = number(q$upper)))
  }
write.csv(curves, "curves.csv", row.names = FALSE, quote = FALSE)
