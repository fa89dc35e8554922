# The noncentral t distribution: Rscript noncentral_t.R, from this folder.  Writes noncentral_t.csv.
# R 4.2.2.  pt(ncp=) is AS 243, good to 1e-12 while |ncp| <= 37.62; beyond that it is a normal
# approximation, so there, and as a second route everywhere, the mean of Phi over the chi
# distribution is integrated.
g <- function(x) format(x, digits = 17)
second_route <- function(t, df, ncp) {
  f <- function(s) pnorm(t * s - ncp) * 2 * df * s * dchisq(df * s^2, df)
  # In pieces around the density's top and around the step of Phi.
  top <- sqrt(qchisq(c(1e-16, 1e-4, .25, .5, .75, 1 - 1e-4), df) / df)
  end <- sqrt(qchisq(1e-17, df, lower.tail = FALSE) / df)
  step <- if (t != 0) (ncp + seq(-9, 9)) / t else numeric()
  cuts <- sort(unique(c(0, top, end, step[step > 0 & step < end])))
  sum(sapply(seq_len(length(cuts) - 1), function(i)
    integrate(f, cuts[i], cuts[i + 1], rel.tol = 1e-11, abs.tol = 1e-15,
              subdivisions = 2000)$value))
}
rows <- NULL
for (df in c(1, 1.5, 2, 3.7, 5, 10, 38, 100, 1234.5, 1e5))
  for (ncp in c(-3, 0, .3, 1, 2.8, 5, 12, 30, 45))
    for (t in c(-4, -2, 0, .5, 1.96, 2.5, 7, 29, 46)) {
      p <- if (abs(ncp) <= 37) suppressWarnings(pt(t, df, ncp)) else second_route(t, df, ncp)
      if (df >= 2 && abs(ncp) <= 37) stopifnot(abs(p - second_route(t, df, ncp)) < 1e-9)
      rows <- rbind(rows, data.frame(t = g(t), df = g(df), ncp = g(ncp), p = g(p)))
    }
write.csv(rows, "noncentral_t.csv", row.names = FALSE, quote = FALSE)
