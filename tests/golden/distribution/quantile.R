# Golden values of quantile differences: Rscript quantile.R, from this folder, after data.R.
# r-cran-quantreg 5.94, R 4.2.2.  Quantile regression on the arm; blocks come in as weights
# w N_j/n_jz.  Where a sum of weights hits the quantile's share exactly there is no single answer,
# so such cases are left out.
suppressMessages(library(quantreg))
options(digits = 17)
d <- read.csv("data.csv", na.strings = "")
at <- c(.1, .25, .5, .75, .9)
cases <- NULL
for (outcome in c("y", "o", "z")) for (block in 0:1) for (weight in 0:1) {
  e <- d[!is.na(d[[outcome]]), ]
  e$v <- e[[outcome]]
  e$weight <- if (weight) e$w else 1
  if (block) {
    both <- ave(e$weight, e$block, FUN = sum)
    e$weight <- e$weight * both / ave(e$weight, e$block, e$arm, FUN = sum)
  }
  for (tau in at) {
    exact <- any(sapply(split(e, e$arm), function(a) {
      share <- cumsum(a$weight[order(a$v)]) / sum(a$weight)
      any(abs(share - tau) < 1e-9)
    }))
    if (exact) next
    fit <- suppressWarnings(rq(v ~ arm, tau, e, weights = weight))
    cases <- rbind(cases, data.frame(outcome, block, weight, tau, n = nrow(e),
      estimate = format(unname(coef(fit)[2]), digits = 15)))
  }
}
write.csv(cases, "quantile.csv", row.names = FALSE, quote = FALSE)
