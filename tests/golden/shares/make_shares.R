# Golden values for the shares of agencies: Rscript make_shares.R, from this folder.
# Writes data.csv (dataset, estimate, std_error), shares.csv and posteriors.csv.
# Plain R 4.2.2; metafor 3.8.1 for the shrunken estimates alone.
# Independent of the C code: the likelihood and the linear programs by interior-point methods (C: a
# constrained Newton method; the simplex method), distribution functions with every standard error
# itself (C: by classes).
suppressMessages(library(metafor))
options(digits = 17, warn = 1)
g <- function(x) format(x, digits = 17)
data <- shares <- posteriors <- NULL

# max sum log(L p), p >= 0, sum p = 1: at the maximum L'(1/(L p)) + u = k, u p = 0, u >= 0.
npmle <- function(y, s, grid) {
  z <- outer(y, grid, "-") / s
  L <- exp(-.5 * z^2 + apply(.5 * z^2, 1, min))
  k <- length(y); m <- length(grid); p <- rep(1 / m, m); u <- rep(k, m) / 2
  for (i in 1:300) {
    f <- drop(L %*% p); d <- drop(crossprod(L, 1 / f)); mu <- sum(u * p) / m
    if (mu < 1e-13 * k && max(abs(d + u - k)) < 1e-8 * k) break
    mu <- .2 * mu
    H <- crossprod(L / f); diag(H) <- diag(H) + u / p
    dp <- solve(H, d - k + mu / p, tol = 1e-60)
    du <- mu / p - u - u * dp / p
    step <- function(x, dx) min(1, .95 / max(-dx / x, .95))
    p <- p + step(p, dp) * dp; u <- u + step(u, du) * du
  }
  p / sum(p)
}

# min c'x, A x = b, x >= 0 (Mehrotra's predictor and corrector).
program <- function(c, A, b) {
  n <- ncol(A); x <- rep(1, n); z <- rep(1, n); y <- rep(0, nrow(A))
  for (i in 1:200) {
    rp <- b - drop(A %*% x); rd <- c - drop(crossprod(A, y)) - z; mu <- sum(x * z) / n
    if (mu < 1e-12 && max(abs(rp), abs(rd)) < 1e-10) break
    M <- A %*% (x / z * t(A)) + diag(1e-14, nrow(A))
    direction <- function(rc) {
      dy <- solve(M, rp + drop(A %*% ((x * rd - rc) / z)), tol = 1e-60)
      dz <- rd - drop(crossprod(A, dy)); list(x = (rc - x * dz) / z, y = dy, z = dz)
    }
    far <- function(v, dv) min(1, .99 / max(-dv / v, .99))
    a <- direction(-x * z)
    mean_after <- sum((x + far(x, a$x) * a$x) * (z + far(z, a$z) * a$z)) / n
    d <- direction((mean_after / mu)^3 * mu - x * z - a$x * a$z)
    x <- x + far(x, d$x) * d$x; y <- y + far(z, d$z) * d$y; z <- z + far(z, d$z) * d$z
  }
  sum(c * x)
}

analyse <- function(name, y, s, limit, lower = FALSE) {
  data <<- rbind(data, data.frame(dataset = name, estimate = g(y), std_error = g(s)))
  if (lower) y <- -y
  o <- order(-y, s); y <- y[o]; s <- s[o]; k <- length(y)
  scale <- exp(mean(log(s))); origin <- y[k %/% 2 + 1]
  y <- (y - origin) / scale; s <- s / scale
  low <- (-limit - origin) / scale; high <- (limit - origin) / scale
  following <- if (k <= 150) y else y[((0:149) * (k - 1)) %/% 149 + 1]
  grid <- sort(unique(c(min(y) + (max(y) - min(y)) * (0:150) / 150, following)))
  p <- npmle(y, s, grid)
  kind <- ifelse(grid < low, 1, ifelse(grid > high, 3, 2))
  share <- sapply(1:3, function(i) sum(p[kind == i]))

  level <- .05; places <- min(k, 16)
  at <- unique(1 + round(sin(pi / 2 * (0:(places - 1)) / (places - 1))^2 * (k - 1)))
  tail <- level / (2 * places); t <- rev(y)[at]
  from <- qbeta(tail, at, k - at + 1); to <- qbeta(tail, at, k - at + 1, lower.tail = FALSE)
  beyond <- 2^(0:3)
  effect <- c(grid, min(grid) - beyond, max(grid) + beyond)
  effect <- effect[effect != low & effect != high]
  kind <- ifelse(effect < low, 1, ifelse(effect > high, 3, 2))
  effect <- c(effect, -Inf, Inf, low, high); kind <- c(kind, 1, 3, 1, 3)
  if (limit > 0) { effect <- c(effect, low, high); kind <- c(kind, 2, 2) }
  H <- sapply(effect, function(e) if (is.infinite(e)) rep(as.numeric(e < 0), length(t)) else
    sapply(t, function(x) mean(pnorm((x - e) / s))))
  # H p - a = from, a + b = to - from, sum p = 1
  m <- length(effect); r <- length(t); none <- matrix(0, r, r)
  A <- rbind(cbind(H, -diag(r), none), cbind(matrix(0, r, m), diag(r), diag(r)),
             c(rep(1, m), rep(0, 2 * r)))
  b <- c(from, to - from, 1)
  ends <- sapply(1:3, function(i) {
    c <- c(as.numeric(kind == i), rep(0, 2 * r))
    c(program(c, A, b), -program(-c, A, b))
  })
  if (limit == 0) { share[2] <- 0; ends[, 2] <- 0 }
  ends[1, ] <- pmin(pmax(ends[1, ], 0), share); ends[2, ] <- pmax(pmin(ends[2, ], 1), share)
  shares <<- rbind(shares, data.frame(dataset = name, lower_is_better = as.integer(lower),
    smallest_effect = g(limit), part = c("harm", "none", "benefit"), k = k, share = g(share),
    ci_low = g(ends[1, ]), ci_high = g(ends[2, ])))
}

# Constrained empirical Bayes with the whole posterior covariance matrix (Ghosh 1992), and the chance
# of more than the limit, after metafor's blup.
believe <- function(name, y, s, limit, method, test) {
  scale <- exp(mean(log(s)))
  fit <- rma(y / scale, (s / scale)^2, method = method, test = test,
             control = list(threshold = 1e-14, maxiter = 10000, tol = 1e-15))
  eb <- blup(fit); k <- length(y)
  towards <- (s / scale)^2 / ((s / scale)^2 + fit$tau2)
  V <- diag(fit$tau2 * towards, k) + fit$se^2 * towards %o% towards
  stopifnot(all.equal(sqrt(diag(V)), eb$se, tolerance = 1e-10))
  spread <- sum((eb$pred - mean(eb$pred))^2)
  a <- if (fit$tau2 > 0) sqrt(1 + sum(diag((diag(k) - 1 / k) %*% V)) / spread) else 1
  posteriors <<- rbind(posteriors, data.frame(dataset = name, method = tolower(method), test = test,
    limit = g(limit), constrained = g((mean(eb$pred) + a * (eb$pred - mean(eb$pred))) * scale),
    p_exceeds = g(pnorm((eb$pred * scale - limit) / (eb$se * scale)))))
}

for (file in list.files("../data/meta", "csv$", full.names = TRUE)) {
  d <- read.csv(file); d <- d[!is.na(d$yi) & !is.na(d$vi), ]; s <- sqrt(d$vi)
  name <- sub("meta_", "", sub(".csv", "", basename(file), fixed = TRUE))
  if (nrow(d) >= 10) analyse(name, d$yi, s, signif(median(abs(d$yi)) / 2, 2))
  believe(name, d$yi, s, signif(median(abs(d$yi)) / 2, 2), "REML", "z")
  believe(name, d$yi, s, signif(median(abs(d$yi)) / 2, 2), "PM", "knha")
}
set.seed(3)
analyse("two_kinds", c(rnorm(30, -2), rnorm(50, 3)), rep(1, 80), 1)
analyse("no_middle", rnorm(60, 1, 2) + rnorm(60), rep(1, 60), 0)
s <- exp(rnorm(400, 0, .6))
analyse("uneven", rnorm(400, .5, 1) + rnorm(400) * s, s, .5, TRUE)
analyse("alike", 2 + .3 * rnorm(15), rep(.3, 15), 1)
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)
write.csv(shares, "shares.csv", row.names = FALSE, quote = FALSE)
write.csv(posteriors, "posteriors.csv", row.names = FALSE, quote = FALSE)
