# Milliseconds that estimatr needs for one agency of tests/bench/evaluate.sh: Rscript evaluate_one.R DATA.csv
suppressMessages(library(estimatr))
data <- read.csv(commandArgs(TRUE)[1])
data$arm <- factor(data$arm, levels = c("control", "treatment_1", "treatment_2"))
outcomes <- c("outcome_1", "outcome_2", "outcome_3")
once <- function() {
  for (outcome in outcomes) {
    for (arm in levels(data$arm)[-1]) {
      difference_in_means(reformulate("arm", outcome), data = data,
                          condition1 = "control", condition2 = arm)
    }
    lm_robust(reformulate(c("arm", "age", "before", "female"), outcome), data = data, se_type = "HC2")
  }
}
once()
runs <- 20
cat(1000 * system.time(for (i in seq_len(runs)) once())[["elapsed"]] / runs, "\n")
