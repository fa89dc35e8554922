# Data that the other scripts of this folder use: Rscript data.R, from this folder; R 4.2.2.
# Blocks with unequal shares of treatment, clusters within block and arm, weights, a continuous
# outcome (missing more often in one arm), one with many ties, and a cell to tighten bounds by.
options(digits = 17)
set.seed(20240301)
d <- NULL
cluster <- 0
for (b in 1:7) {
  clusters <- c(14, 9, 12, 20, 8, 16, 11)[b]
  treated <- sample(clusters) <= round(clusters * c(.5, .4, .3, .6, .5, .35, .55)[b])
  for (s in 1:clusters) {
    n <- sample(1:6, 1)
    cluster <- cluster + 1
    d <- rbind(d, data.frame(block = sprintf("b%d", b), cluster = sprintf("s%03d", cluster),
      arm = if (treated[s]) "t" else "c", size = rnorm(1, b, .7) + rnorm(n, if (treated[s]) .4 else 0,
      if (treated[s]) 2 else 1.4)))
  }
}
n <- nrow(d)
d$unit <- sprintf("u%04d", sample(n))
d$y <- signif(d$size, 12)
d$o <- pmin(5, pmax(0, round(d$size / 2)))
d$w <- signif(runif(n, .2, 3), 12)
d$cell <- sprintf("x%d", sample(1:3, n, TRUE))
seen <- runif(n) < plogis(2.2 - .15 * d$size + ifelse(d$arm == "t", -.6, .2) +
                          ifelse(d$cell == "x2", -.4, .2))
d$z <- ifelse(seen, d$y, NA)
# Trimming must not end just between two rows, where a derivative has two values: one row moves.
d$cell[which(d$cell == "x3" & d$arm == "t" & is.na(d$z))[1]] <- "x2"
d$size <- NULL
# Cells in which different arms are observed more often.
d$mixed <- ifelse(seq_len(n) %% 3 == 0, ifelse((d$arm == "t") == seen, "x1", "x2"),
                  ifelse(seq_len(n) %% 2 == 0, "x1", "x2"))
write.csv(d[sample(n), ], "data.csv", row.names = FALSE, quote = FALSE, na = "")
