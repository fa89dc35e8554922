# Golden values for quality checks: Rscript make_quality.R, from this folder.  R 4.2.2, package stats.
options(digits = 17, warn = -1)
g <- function(x) format(unname(x), digits = 17)
star <- read.csv("../../../deploy/demo/star_kindergarten.csv", na.strings = "",
                 colClasses = c(school = "character"))
out <- NULL
add <- function(scope, check, arm, variable, value, test) out <<- rbind(out, data.frame(scope, check,
  arm, variable, value = g(value), statistic = g(test$statistic), df = g(test$parameter),
  p_value = g(test$p.value)))
arms <- c("regular", "small", "regular+aide")
add("star", "sample_ratio", "", "", NA,
    chisq.test(table(factor(star$class_type, arms)), p = c(.35, .30, .35)))
# Every school's counts against the declared probabilities: sums of schools' tests.
by_school <- lapply(split(factor(star$class_type, arms), star$school), function(a)
  suppressWarnings(chisq.test(table(a), p = c(.35, .30, .35))))
design <- list(statistic = sum(sapply(by_school, function(t) t$statistic)),
               parameter = sum(sapply(by_school, function(t) t$parameter)))
design$p.value <- pchisq(design$statistic, design$parameter, lower.tail = FALSE)
add("star", "design_check", "", "", length(by_school), design)
for (z in arms[-1]) {
  d <- star[star$class_type %in% c("regular", z), ]
  d$z <- d$class_type == z
  add("star", "treated_share", z, "", mean(d$z), chisq.test(table(d$z, d$school), correct = FALSE))
  for (y in c("reading", "math")) {
    d$missing <- is.na(d[[y]])
    # One school: one stratum.  All: schools are the strata, where they have both arms and both
    # present and missing rows (others say nothing).
    one <- d[d$school == "9", ]
    n <- nrow(one)
    x <- chisq.test(table(one$z, one$missing), correct = FALSE)
    x$statistic <- x$statistic * (n - 1) / n
    x$p.value <- pchisq(x$statistic, 1, lower.tail = FALSE)
    add("9", "attrition", z, y, mean(one$missing[one$z]), x)
    add("star", "attrition", z, y, mean(d$missing[d$z]),
        mantelhaen.test(table(d$z, d$missing, d$school), correct = FALSE))
  }
}
write.csv(out, "quality.csv", row.names = FALSE, quote = FALSE)
