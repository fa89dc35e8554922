# Golden values of variance ratios: Rscript variance_ratio.R, from this folder, after data.R.
# R 4.2.2.  var() where there are no weights; cov.wt(method = "unbiased") where there are.  Blocks'
# variances are averaged by the blocks' shares; standard error from the fourth moments, or from the
# sums of w(d^2 - m2) by cluster.
options(digits = 17)
d <- read.csv("data.csv", na.strings = "")
one_cell <- function(a, clustered) {
  w <- a$weight / sum(a$weight); r <- (a$v - sum(w * a$v))^2
  m2 <- sum(w * r)
  s2 <- if (all(a$weight == 1)) var(a$v) else cov.wt(cbind(a$v), w, method = "unbiased")$cov[1]
  spread <- if (clustered) sum(tapply(w * (r - m2), as.character(a$cluster), sum)^2)
            else if (all(a$weight == 1)) (mean(r^2) / m2^2 - 1) / nrow(a) * m2^2
            else sum((w * (r - m2))^2)
  c(s2, m2, spread, sum(a$weight))
}
cases <- NULL
for (outcome in c("y", "o", "z")) for (block in 0:1) for (cluster in 0:1) for (weight in 0:1) {
  if (outcome != "y" && cluster && block) next
  e <- d[!is.na(d[[outcome]]), ]
  e$v <- e[[outcome]]
  e$weight <- if (weight) e$w else 1
  arm <- lapply(c("t", "c"), function(z) sapply(split(e[e$arm == z, ], if (block) e$block[e$arm == z]
                else rep(1, sum(e$arm == z))), one_cell, cluster == 1))
  share <- arm[[1]][4, ] + arm[[2]][4, ]; share <- share / sum(share)
  v <- sapply(arm, function(x) sum(share * x[1, ]))
  spread <- sapply(arm, function(x) sum(share^2 * x[3, ]) / sum(share * x[2, ])^2)
  cases <- rbind(cases, data.frame(outcome, block, cluster, weight, n = nrow(e),
    estimate = format(log(v[1] / v[2]), digits = 17), std_error = format(sqrt(sum(spread)), digits = 17)))
}
write.csv(cases, "variance_ratio.csv", row.names = FALSE, quote = FALSE)
