# Golden values for targets against missions: Rscript make_decoupling.R, from this folder.  Writes
# rows.csv (made-up), effects.csv and correlations.csv.
# Target and mission, each in standard deviations of its control rows, are stacked: one regression
# with every column twice, once for each, clustered by unit or by the design's clusters, so that the
# difference of two of its coefficients has a robust standard error.
# r-cran-estimatr 1.0.0, r-cran-clubsandwich 0.5.8, R 4.2.2.
suppressMessages({library(estimatr); library(clubSandwich)})
options(digits = 17, warn = 1)
set.seed(20240607)
text <- function(x) format(x, digits = 17, trim = TRUE)

k <- expand.grid(member = 1:9, block = c("p", "q"), agency = c("a1", "a2", "a3"))
k$cluster <- sprintf("%s%s%d", k$agency, k$block, k$member)
k$arm <- unlist(lapply(1:6, function(i) sample(rep(c("c", "a", "b"), 3))))
k$effect <- rnorm(nrow(k), 0, .5)
d <- k[rep(1:nrow(k), sample(2:6, nrow(k), TRUE)), ]
n <- nrow(d)
d$unit <- sprintf("u%03d", sample(n))
d$weight <- signif(runif(n, .3, 2.5), 5)
d$x <- signif(rnorm(n), 10)
common <- rnorm(n) + d$effect
# Arm a moves the target alone, arm b both.
d$y <- signif(50 + 4 * common + 2 * d$x + 3 * rnorm(n) + 5 * (d$arm != "c"), 12)
d$z <- signif(7 * common + d$x + 8 * rnorm(n) + 11 * (d$arm == "b") + 3 * (d$agency == "a2"), 12)
d$y[sample(n, 12)] <- NA
d$z[sample(n, 15)] <- NA
d <- d[sample(n), c("agency", "unit", "arm", "block", "cluster", "weight", "y", "z", "x")]
write.csv(d, "rows.csv", row.names = FALSE, quote = FALSE, na = "")
d <- read.csv("rows.csv")

spread <- function(o, w) {  # of control rows that have it
  m <- length(o)
  center <- sum(w * o) / sum(w)
  sqrt(sum(w * (o - center)^2) / sum(w) * m / (m - 1))
}

# Columns of one outcome's design, all named apart.
side <- function(rows, outcome, model, block, weighted) {
  e <- rows[!is.na(rows[[outcome]]), ]
  e$w <- if (weighted) e$weight else 1
  control <- e$arm == "c"
  e$value <- e[[outcome]] / spread(e[[outcome]][control], e$w[control])
  fixed <- if (block) paste(e$agency, e$block) else e$agency
  design <- if (length(unique(fixed)) > 1) model.matrix(~ factor(fixed)) else matrix(1, nrow(e), 1)
  arms <- cbind(a = e$arm == "a", b = e$arm == "b") + 0
  x <- e$x - if (model == "lin") sum(e$w * e$x) / sum(e$w) else 0
  design <- cbind(arms, x, design)
  if (model == "lin") design <- cbind(design, arms * x)
  colnames(design) <- paste0(outcome, seq_len(ncol(design)))
  list(rows = e, design = design)
}

fit <- function(value, design, w, id, type) {
  data <- data.frame(value, design, w, id)
  formula <- reformulate(c("0", colnames(design)), "value")
  if (type %in% c("HC0", "HC2", "classical")) lm_robust(formula, data, weights = w, se_type = type)
  else lm_robust(formula, data, weights = w, clusters = id, se_type = type)
}

cases <- read.csv(text = "agency,model,block,cluster,weight,type
a1,ols,FALSE,FALSE,FALSE,HC2
a1,ols,TRUE,FALSE,FALSE,HC2
a1,lin,TRUE,FALSE,FALSE,HC2
a1,ols,FALSE,TRUE,FALSE,CR2
a1,lin,TRUE,TRUE,FALSE,CR2
a1,ols,TRUE,TRUE,TRUE,CR2
a1,ols,TRUE,FALSE,TRUE,HC0
all,ols,FALSE,FALSE,FALSE,HC2
all,lin,TRUE,FALSE,FALSE,HC2
all,ols,TRUE,TRUE,FALSE,CR2
all,lin,FALSE,TRUE,TRUE,CR2
all,ols,TRUE,FALSE,TRUE,HC0
all,ols,TRUE,TRUE,FALSE,CR0
a1,lin,TRUE,FALSE,FALSE,classical
all,ols,TRUE,FALSE,FALSE,classical")
effects <- correlations <- NULL
for (i in seq_len(nrow(cases))) {
  of <- cases[i, ]
  rows <- if (of$agency == "all") d else d[d$agency == of$agency, ]
  id <- if (of$cluster) "cluster" else "unit"
  target <- side(rows, "y", of$model, of$block, of$weight)
  mission <- side(rows, "z", of$model, of$block, of$weight)
  own <- lapply(list(target, mission), function(s)
    fit(s$rows$value, s$design, s$rows$w, s$rows[[id]], of$type))
  both <- rbind(
    cbind(target$design, matrix(0, nrow(target$design), ncol(mission$design),
                                dimnames = list(NULL, colnames(mission$design)))),
    cbind(matrix(0, nrow(mission$design), ncol(target$design),
                 dimnames = list(NULL, colnames(target$design))), mission$design))
  # Rows of one unit are its cluster of two: CR2 is then what HC2 is to each regression alone.
  type <- c(HC0 = "CR0", HC2 = "CR2", CR0 = "CR0", CR2 = "CR2", classical = "CR2")[[of$type]]
  stacked <- fit(c(target$rows$value, mission$rows$value), both,
                 c(target$rows$w, mission$rows$w), c(target$rows[[id]], mission$rows[[id]]), type)
  for (arm in 1:2) {
    pair <- paste0(c("y", "z"), arm)
    v <- stacked$vcov[pair, pair]
    estimate <- stacked$coefficients[pair]
    alone <- sapply(1:2, function(s) own[[s]]$std.error[[pair[s]]])
    if (of$type == "classical")  # each one's own, with the robust correlation
      v <- cov2cor(v) * outer(alone, alone)
    stopifnot(all.equal(sqrt(diag(v)), alone, check.attributes = FALSE, tolerance = 1e-10))
    df <- min(sapply(1:2, function(s) own[[s]]$df[[pair[s]]]))
    p <- sapply(1:2, function(s) own[[s]]$p.value[[pair[s]]])
    difference <- estimate[[1]] - estimate[[2]]
    statistic <- difference / sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])
    p_value <- 2 * pt(-abs(statistic), df)
    better <- c(estimate > 0 & p < .05, difference > 0 & p_value < .05)
    effects <- rbind(effects, data.frame(of, arm = c("a", "b")[arm], target = text(estimate[[1]]),
      mission = text(estimate[[2]]), value = text(difference), statistic = text(statistic),
      df = text(df), p_value = text(p_value), alarm = better[[1]] && !better[[2]] && better[[3]]))
  }
  for (arm in c("c", "a", "b")) {
    e <- rows[rows$arm == arm & !is.na(rows$y) & !is.na(rows$z), ]
    w <- if (of$weight) e$weight else rep(1, nrow(e))
    r <- cov.wt(e[c("y", "z")], w / sum(w), cor = TRUE)$cor[1, 2]
    correlations <- rbind(correlations, data.frame(of, arm, value = text(r)))
  }
}
write.csv(effects, "effects.csv", row.names = FALSE, quote = FALSE)
write.csv(correlations, "correlations.csv", row.names = FALSE, quote = FALSE)
