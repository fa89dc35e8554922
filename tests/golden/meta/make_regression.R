# Golden values for meta-regression and pooling by groups: Rscript make_regression.R, from this
# folder.  Writes attributes.csv (the agencies) and moderators.csv (the rows).
# r-cran-metafor 3.8.1, R 4.2.2; metafor sees data with geometric-mean variance 1 (see make_meta.R).
suppressMessages(library(metafor))
options(digits = 17, warn = 1)
g <- function(x) format(x, digits = 17)
# As tight as rounding lets Fisher scoring go.
fitted <- function(...) {
  for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11)) {
    fit <- try(suppressWarnings(rma(..., control = list(threshold = threshold, maxiter = 10000,
                                                        tol = 1e-15))), silent = TRUE)
    if (!inherits(fit, "try-error")) return(fit)
  }
  stop("no fit")
}
data <- rows <- NULL
put <- function(model, method, test, kind, attribute = "", level = "", k, estimate = NA,
                std_error = NA, df = NA, df_residual = NA, statistic = NA, p_value = NA, ci_low = NA,
                ci_high = NA, tau2 = NA, i2 = NA, r2 = NA)
  rows <<- rbind(rows, data.frame(model = model, method = method, test = test, kind = kind,
    attribute = attribute, level = level, k = k, estimate = g(estimate), std_error = g(std_error),
    df = g(df), df_residual = g(df_residual), statistic = g(statistic), p_value = g(p_value),
    ci_low = g(ci_low), ci_high = g(ci_high), tau2 = g(tau2), i2 = g(i2), r2 = g(r2)))
# metafor's t tests have df in ddf; normal ones have none.
df_of <- function(fit) if (fit$test == "z") NA else fit$ddf[1]
pool <- function(name, method, test, attribute, d) {
  for (level in sort(unique(d[[attribute]]), method = "radix")) {
    part <- d[which(d[[attribute]] == level), ]
    s <- exp(mean(log(part$vi)) / 2)
    if (nrow(part) < 2) next
    fit <- fitted(part$yi / s, part$vi / s^2, method = method, test = test)
    put(name, if (method == "EE") "fixed" else tolower(method), test, "group", attribute, level,
        fit$k, fit$beta * s, fit$se * s, if (test == "z") NA else fit$k - 1, NA, fit$zval, fit$pval,
        fit$ci.lb * s, fit$ci.ub * s, fit$tau2 * s^2, fit$I2)
  }
}
analyse <- function(name, d, numbers = c(), texts = c()) {
  columns <- c("number1", "number2", "text1", "text2")
  all <- data.frame(model = name, yi = g(d$yi), vi = g(d$vi))
  for (column in columns) all[[column]] <- NA
  for (i in seq_along(numbers)) d[[columns[i]]] <- d[[numbers[i]]]
  for (i in seq_along(texts)) d[[columns[2 + i]]] <- gsub("[, ]", "_", as.character(d[[texts[i]]]))
  used <- c(if (length(numbers)) columns[seq_along(numbers)], if (length(texts)) columns[2 + seq_along(texts)])
  for (column in used) all[[column]] <- ifelse(is.na(d[[column]]), "NA", as.character(d[[column]]))
  data <<- rbind(data, all)
  full <- d[complete.cases(d[, used, drop = FALSE]), ]
  for (text in intersect(columns[3:4], used))
    full[[text]] <- factor(full[[text]], levels = sort(unique(full[[text]]), method = "radix"))
  s <- exp(mean(log(full$vi)) / 2)
  X <- model.matrix(as.formula(paste("~", paste(used, collapse = "+"))), full)
  owner <- attr(X, "assign")
  for (method in c("EE", "DL", "PM", "REML")) for (test in c("z", "knha", "adhoc")) {
    m <- if (method == "EE") "fixed" else tolower(method)
    fit <- fitted(full$yi / s, full$vi / s^2, mods = X, intercept = FALSE, method = method, test = test)
    k <- fit$k; df <- k - fit$p
    plain <- fitted(full$yi / s, full$vi / s^2, method = method, test = test)
    for (j in seq_along(owner)) {
      attribute <- if (owner[j] == 0) "" else used[owner[j]]
      put(name, m, test, if (owner[j] == 0) "intercept" else "coefficient", attribute,
          if (grepl("text", attribute)) substring(colnames(X)[j], 6) else "", k, fit$beta[j] * s,
          fit$se[j] * s, if (test == "z") NA else df, NA, fit$zval[j], fit$pval[j], fit$ci.lb[j] * s,
          fit$ci.ub[j] * s)
    }
    for (a in c(seq_along(used), 0)) {
      which <- if (a == 0) which(owner > 0) else which(owner == a)
      wald <- anova(fit, btt = which)
      put(name, m, test, "test", if (a == 0) "" else used[a], "", k, df = length(which),
          df_residual = if (test == "z") NA else df, statistic = wald$QM, p_value = wald$QMp)
    }
    r2 <- if (method == "EE") max(0, 100 * (1 - (fit$QE / df) / (plain$QE / (k - 1)))) else
      if (plain$tau2 == 0) NA else max(0, 100 * (plain$tau2 - fit$tau2) / plain$tau2)
    put(name, m, test, "residual", "", "", k, df = df, statistic = fit$QE, p_value = fit$QEp,
        tau2 = fit$tau2 * s^2, i2 = fit$I2, r2 = r2)
    for (text in intersect(columns[3:4], used)) pool(name, method, test, text, d)
  }
}
read <- function(name) read.csv(paste0("../data/meta/meta_", name, ".csv"))
analyse("bcg_latitude", read("bcg"), "ablat")
analyse("bcg_all", read("bcg"), c("ablat", "year"), "alloc")
analyse("bcg_allocation", read("bcg"), texts = "alloc")
analyse("raudenbush", transform(read("raudenbush1985"), setting = ifelse(study == 7, NA, setting)),
        "weeks", c("setting", "tester"))
# Years from the middle one: metafor solves normal equations, and loses digits to a far origin.
analyse("districts", transform(read("konstantopoulos2011"), year = year - 1988, district = paste0("d", district)), "year", "district")
analyse("li_year", transform(read("li2007"), year = year - 1988), "year")
set.seed(11)
made <- function(k, tau) {
  d <- data.frame(size = round(exp(rnorm(k, 5, 1))), autonomy = runif(k, -1, 1),
                  mechanism = sample(c("autonomy", "competence", "connection", "monitoring"), k, TRUE),
                  region = sample(c("north", "South", "east", "West"), k, TRUE, c(4, 3, 2, 1)))
  d$vi <- rchisq(k, 6) / d$size
  d$yi <- .2 + .3 * d$autonomy + .2 * (d$mechanism == "competence") + rnorm(k, 0, tau) + rnorm(k, 0, sqrt(d$vi))
  d$autonomy[c(3, 8)] <- NA
  d
}
analyse("made", made(60, .2), c("size", "autonomy"), c("mechanism", "region"))
analyse("made_alike", made(40, 0), c("size", "autonomy"), "mechanism")
analyse("made_large", transform(made(200, 3), yi = yi * 1e3, vi = vi * 1e6), c("size", "autonomy"), c("mechanism", "region"))
write.csv(data, "attributes.csv", row.names = FALSE, quote = FALSE)
write.csv(rows, "moderators.csv", row.names = FALSE, quote = FALSE)
