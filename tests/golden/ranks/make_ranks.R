# Golden values for the ranks of agencies: Rscript make_ranks.R, from this folder.
# Writes sets.csv (dataset, agency, better: every agency's sets) and critical.csv.  Plain R 4.2.2.
# Independent of the C code: direct integration by stats::integrate, no tables, no interpolation;
# the range of normals by ptukey.
options(digits = 17, warn = 1)
g <- function(x) format(x, digits = 17)
level <- .05
sets <- critical <- NULL

# P(some counted difference from agency j exceeds c).  kind: 0 both, 1 only a rival's noise above
# j's, -1 only below.
tail_of <- function(c, s, j, kind) {
  r <- s[-j]; kind <- kind[-j]; d <- sqrt(r^2 + s[j]^2)
  if (all(is.na(kind))) return(0)
  factor <- function(z) sapply(z, function(x) {
    above <- pnorm((s[j] * x + c * d) / r, lower.tail = FALSE)
    below <- pnorm((-s[j] * x + c * d) / r, lower.tail = FALSE)
    tail <- ifelse(is.na(kind), 0, ifelse(kind == 0, above + below, ifelse(kind > 0, above, below)))
    -expm1(sum(log1p(-pmin(tail, 1)))) * dnorm(x)
  })
  cuts <- sort(unique(c(-10, -c - 1, -c, -c + 1, 0, c - 1, c, c + 1, 10)))
  sum(sapply(seq_len(length(cuts) - 1), function(i)
    integrate(factor, cuts[i], cuts[i + 1], rel.tol = 1e-9, abs.tol = 1e-15)$value))
}
solve_for <- function(f, level) uniroot(function(c) log(f(c)) - log(level), c(.05, 9),
                                        tol = 1e-10)$root
# Sign of the decided differences from j: 1 the rival is better.
decided <- function(y, s, j, c) {
  z <- (y - y[j]) / sqrt(s^2 + s[j]^2)
  ifelse(z > c, 1, ifelse(-z > c, -1, 0))
}
marginal <- function(y, s, j) {
  side <- rep(0, length(y)); values <- NULL
  repeat {
    c <- solve_for(function(c) tail_of(c, s, j, -side), level)
    values <- c(values, c)
    new <- decided(y, s, j, c); new[j] <- 0
    if (all(new == side)) return(list(side = side, c = values))
    side <- new
  }
}
simultaneous <- function(y, s) {
  k <- length(y); side <- matrix(0, k, k); values <- NULL
  range <- qtukey(level, k, Inf, lower.tail = FALSE) / sqrt(2)
  repeat {
    sum_over <- function(which) solve_for(function(c) sum(sapply(seq_len(k), function(j)
      tail_of(c, s, j, ifelse(side[, j] == which, NA, 1)))), level)
    c <- min(range, sum_over(1), sum_over(-1))
    values <- c(values, c)
    new <- sapply(seq_len(k), function(j) decided(y, s, j, c)); diag(new) <- 0
    if (all(new == side)) return(list(side = side, c = values))
    side <- new
  }
}
analyse <- function(name, y, s, lower = FALSE) {
  if (lower) y <- -y
  k <- length(y); all <- simultaneous(y, s)
  critical <<- rbind(critical, data.frame(dataset = name, agency = 0, step = seq_along(all$c), c = g(all$c)))
  for (j in seq_len(k)) {
    own <- marginal(y, s, j)
    critical <<- rbind(critical, data.frame(dataset = name, agency = j, step = seq_along(own$c), c = g(own$c)))
    sets <<- rbind(sets, data.frame(dataset = name, lower_is_better = as.integer(lower),
      estimate = g(if (lower) -y[j] else y[j]), std_error = g(s[j]), rank = g(rank(-y)[j]),
      low = 1 + sum(own$side > 0), high = k - sum(own$side < 0),
      simultaneous_low = 1 + sum(all$side[, j] > 0), simultaneous_high = k - sum(all$side[, j] < 0)))
  }
}
for (file in list.files("../data/meta", "csv$", full.names = TRUE)) {
  d <- read.csv(file); d <- d[!is.na(d$yi) & !is.na(d$vi), ]
  analyse(sub("meta_", "", sub(".csv", "", basename(file), fixed = TRUE)), d$yi, sqrt(d$vi))
}
analyse("two_apart", c(0, 2.1), c(.6, .8))
analyse("ties", c(1, 1, 5, 5, 9), c(.5, 1, .5, 2, .3), TRUE)
set.seed(11)
analyse("apart", 3 * (1:12) + rnorm(12), exp(rnorm(12, 0, .7)))
analyse("uneven", rnorm(40, 0, 4), exp(rnorm(40, 0, 1)), TRUE)
write.csv(sets, "sets.csv", row.names = FALSE, quote = FALSE)
write.csv(critical, "critical.csv", row.names = FALSE, quote = FALSE)
