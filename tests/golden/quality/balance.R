# Golden values for balance and attrition by covariates: Rscript balance.R, from this folder.
# R 4.2.2, packages stats alone: every number by lm() on the contrast's rows.
options(digits = 17, warn = -1)
g <- function(x) format(unname(x), digits = 17)
set.seed(7)
n <- 360
d <- data.frame(unit = sprintf("u%03d", 1:n), agency = rep(c("p", "q", "r"), each = n / 3))
d$cluster <- sprintf("c%02d", (seq_len(n) - 1) %/% 6)          # 60 of 6, 20 an agency
d$block <- sprintf("b%d", ((seq_len(n) - 1) %/% 30) %% 4)      # 4 an agency
d$pair <- sprintf("p%03d", (seq_len(n) - 1) %/% 2)
d$arm <- sample(c("c", "c", "a", "b", "b"), n, TRUE)
d$cluster_arm <- c("c", "a", "b", "c", "a")[(((seq_len(n) - 1) %/% 6) %% 5) + 1]
d$pair_arm <- c("c", "a")[1 + xor(rep(rbinom(n / 2, 1, .5), each = 2), seq_len(n) %% 2)]
d$weight <- round(rexp(n) + .2, 3)
d$weight[sample(n, 9)] <- 0
d$age <- round(rnorm(n, 40, 9) + as.numeric(factor(d$block)), 2)
d$score <- round(exp(rnorm(n)), 3)
d$score[sample(n, 31)] <- NA
d$female <- rbinom(n, 1, .4)
d$region <- sample(c("east", "north", "south", "west", NA), n, TRUE, c(.4, .3, .2, .05, .05))
d$region[d$agency == "p" & d$region == "west"] <- "east"       # a level that an agency lacks
d$y <- 1
d$y[runif(n) < plogis(-2 + .04 * (d$age - 40) * (d$arm == "a"))] <- NA
d$y2 <- 1
d$y2[runif(n) < .1 + .2 * d$female] <- NA
write.csv(d, "balance.csv", row.names = FALSE, quote = FALSE, na = "")

columns <- function(d) {
  levels <- sort(unique(na.omit(d$region)))
  x <- cbind(age = d$age, score = d$score, female = d$female,
             sapply(levels, function(l) as.numeric(d$region == l)))
  colnames(x)[-(1:3)] <- paste0("region=", levels)
  x
}
spread <- function(x, w) {
  w <- w[!is.na(x)]; x <- na.omit(x)
  m <- weighted.mean(x, w)
  sum(w * (x - m)^2) / (sum(w) - sum(w^2) / sum(w))
}
trace <- function(m) sum(diag(m))
# Columns of a covariance in order, without those that follow from earlier ones.
independent <- function(v) {
  keep <- c()
  for (k in seq_len(ncol(v))) {
    s <- v[k, k]
    if (s <= 0) next
    if (length(keep)) s <- s - drop(v[k, keep] %*% solve(v[keep, keep, drop = FALSE], v[keep, k]))
    if (s > 1e-9 * v[k, k]) keep <- c(keep, k)
  }
  keep
}
krishnamoorthy_yu <- function(d, v, df) {
  keep <- independent(v[[1]] + v[[2]])
  s <- solve((v[[1]] + v[[2]])[keep, keep])
  q <- length(keep)
  part <- sapply(1:2, function(a) { m <- v[[a]][keep, keep] %*% s; trace(m %*% m) + trace(m)^2 })
  nu <- (q + q^2) / sum(part / df)
  t2 <- drop(d[keep] %*% s %*% d[keep])
  f <- t2 * (nu - q + 1) / (q * nu)
  c(f, nu - q + 1, pf(f, q, nu - q + 1, lower.tail = FALSE))
}
out <- NULL
add <- function(design, arm, check, variable, value, test) out <<- rbind(out, data.frame(design, arm,
  check, variable, value = g(value), statistic = g(test[1]), df = g(test[2]), p_value = g(test[3])))
none <- c(NA, NA, NA)

contrast <- function(design, d, z, agency, block, cluster, w) {
  x <- columns(d)
  s2 <- sapply(1:2, function(a) apply(x, 2, function(v) spread(v[z == a - 1], w[z == a - 1])))
  ratio <- s2[, 2] / s2[, 1]
  both <- ave(z, block, FUN = function(v) mean(v)) * (1 - ave(z, block, FUN = mean)) > 0
  x <- x[both, ]; d <- d[both, ]; z <- z[both]; w <- w[both]
  block <- factor(block[both]); cluster <- factor(cluster[both])
  effects <- if (nlevels(block) > 1) model.matrix(~block) else matrix(1, length(z), 1)
  difference <- apply(x, 2, function(v) coef(lm.wfit(cbind(z, effects)[!is.na(v), ], v[!is.na(v)],
                                                     w[!is.na(v)]))[1])
  value <- difference / sqrt(rowMeans(s2))
  imputed <- apply(x, 2, function(v) {
    whole <- weighted.mean(v, w, na.rm = TRUE)
    ave(seq_along(v), block, FUN = function(i)
      if (all(is.na(v[i]))) whole else ifelse(is.na(v[i]), weighted.mean(v[i], w[i], na.rm = TRUE), v[i]))
  })
  fit <- lm(imputed ~ 0 + z + effects, weights = w)
  zt <- resid(lm(z ~ 0 + effects, weights = w))
  score <- rowsum(w * zt * resid(fit), cluster)
  leverage <- drop(rowsum(hatvalues(lm(w ~ 0 + z + effects, weights = w)), cluster))
  share <- drop(rowsum(w^2 * zt^2, cluster))
  side <- drop(rowsum(z, cluster)) > 0
  v <- list(); df <- c()
  for (a in 1:2) {
    u <- side == (a == 2)
    left <- 1 - weighted.mean(leverage[u], share[u])
    v[[a]] <- crossprod(score[u, ]) / left / sum(w * zt^2)^2
    df[a] <- left * sum(share[u])^2 / sum(share[u]^2)
  }
  delta <- coef(fit)["z", ]
  for (k in seq_along(delta)) {
    test <- krishnamoorthy_yu(delta[k], lapply(v, function(m) m[k, k, drop = FALSE]), df)
    test[1] <- delta[k] / sqrt(v[[1]][k, k] + v[[2]][k, k])
    add(design, d$a[1], "balance", colnames(x)[k], value[k], test)
    if (design == "complete" && colnames(x)[k] == "age") {
      welch <- t.test(x[z == 1, k], x[z == 0, k])
      stopifnot(all.equal(unname(c(welch$statistic, welch$parameter, welch$p.value)), test,
                          tolerance = 1e-12, check.attributes = FALSE))
    }
    if (design == "pairs" && colnames(x)[k] == "age") {
      paired <- t.test(x[z == 1, k], x[z == 0, k], paired = TRUE)
      stopifnot(all.equal(unname(c(paired$statistic, paired$parameter)), test[1:2],
                          tolerance = 1e-12, check.attributes = FALSE))
    }
    if (k <= 2) add(design, d$a[1], "variance_ratio", colnames(x)[k], ratio[k], none)
  }
  add(design, d$a[1], "balance_omnibus", "", max(abs(value)), krishnamoorthy_yu(delta, v, df))
  for (y in c("y", "y2")) {
    m <- as.numeric(is.na(d[[y]]))
    u <- NULL
    for (i in split(seq_along(z), agency[both])) {   # blocks, slopes and effects are the agency's
      x <- imputed[i, ]
      interaction <- z[i] * sweep(x, 2, apply(x, 2, weighted.mean, w[i]))
      nuisance <- cbind(z[i], x, effects[i, ])
      r <- resid(lm(m[i] ~ 0 + nuisance, weights = w[i]))
      gs <- resid(lm(interaction ~ 0 + nuisance, weights = w[i]))
      gs[, colSums(gs^2) < 1e-16 * colSums(interaction^2)] <- 0
      u <- rbind(u, rowsum(w[i] * gs * r, as.character(cluster[i])))
    }
    keep <- independent(crossprod(u))
    t <- sum(fitted(lm(rep(1, nrow(u)) ~ 0 + u[, keep]))^2) *
      (1 - (nlevels(block) + 1) / nrow(u))
    add(design, d$a[1], "attrition_covariates", y, NA,
        c(t, length(keep), pchisq(t, length(keep), lower.tail = FALSE)))
  }
}
run <- function(design, d, arm, block, cluster, weight) {
  for (a in intersect(c("a", "b"), d[[arm]])) {
    w <- if (is.null(weight)) rep(1, nrow(d)) else d[[weight]]
    keep <- d[[arm]] %in% c("c", a) & w > 0
    e <- d[keep, ]
    e$a <- a
    b <- if (is.null(block)) rep("", nrow(e)) else do.call(paste, e[block])
    c <- if (is.null(cluster)) e$unit else do.call(paste, e[c("agency", cluster, block)])
    contrast(design, e, as.numeric(e[[arm]] == a),
             if ("agency" %in% block) e$agency else rep("", nrow(e)), b, c, w[keep])
  }
}
run("complete", d, "arm", NULL, NULL, NULL)
run("weighted", d, "arm", NULL, NULL, "weight")
run("blocked", d, "arm", "block", NULL, NULL)
run("pairs", d, "pair_arm", "pair", NULL, NULL)
run("clustered", d, "cluster_arm", NULL, "cluster", NULL)
run("blocked_clustered_weighted", d, "cluster_arm", "block", "cluster", "weight")
run("agencies", d, "arm", "agency", NULL, NULL)
run("agencies_blocked_weighted", d, "arm", c("agency", "block"), NULL, "weight")
run("agencies_clustered", d, "cluster_arm", "agency", "cluster", NULL)
write.csv(out, "balance_rows.csv", row.names = FALSE, quote = FALSE)
