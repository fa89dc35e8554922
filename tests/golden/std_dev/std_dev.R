# The standard deviation of the outcome in the control arm, in each agency and over all, of the data
# of ../ols/generated.csv; with weights that of cov.wt("ML") times n / (n - 1).  `both_t`: the rows of
# weighting for arm t, which leave out blocks without one of its two arms; `big_t`: those of its
# difference in means, which also leaves out blocks with one unit in an arm (they are no pairs here).
# Writes std_dev.csv beside this script.
d <- read.csv("../ols/generated.csv", colClasses = c(unit = "character"))
digits <- function(x) format(x, digits = 17, trim = TRUE, scientific = TRUE)
std_dev <- function(y, w) {
    n <- length(y)
    if (n < 2) return(NA)
    if (is.null(w)) sd(y) else sqrt(cov.wt(cbind(y), wt = w / sum(w), method = "ML")$cov[1, 1] * n / (n - 1))
}
out <- list()
for (scope in c(sort(unique(d$agency)), "pooled")) for (blocked in 0:1) for (weighted in 0:1)
    for (rows in c("all", "both_t", "big_t")) {
        s <- d[!is.na(d$y), ]
        if (scope != "pooled") s <- s[s$agency == scope, ]
        if (weighted) s <- s[s$w > 0, ]
        if (rows != "all") {
            place <- if (blocked) paste(s$agency, s$block) else s$agency
            both <- intersect(place[s$arm == "t"], place[s$arm == "c"])
            if (rows == "big_t" && blocked) both <- Filter(function(b)
                sum(place == b & s$arm == "t") > 1 && sum(place == b & s$arm == "c") > 1, both)
            s <- s[place %in% both, ]
        }
        s <- s[s$arm == "c", ]
        out[[length(out) + 1]] <- data.frame(scope, blocked, weighted, rows, n = nrow(s),
            std_dev = digits(std_dev(s$y, if (weighted) s$w)))
    }
write.csv(do.call(rbind, out), "std_dev.csv", row.names = FALSE, quote = FALSE, na = "")
