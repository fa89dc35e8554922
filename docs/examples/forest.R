#!/usr/bin/Rscript
# A pilot's headline and its forest, as the public may see them; the forest as a picture.
#   Rscript docs/examples/forest.R PILOT forest.pdf
#   Rscript docs/examples/forest.R PILOT forest.pdf --wait    and again, after the next release
# Needs DBI and RPostgres, or RPostgreSQL (Debian: r-cran-rpostgresql).  The connection is libpq's: PGHOST,
# PGDATABASE, PGUSER, PGSSLMODE, a password in ~/.pgpass.
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) < 2) stop("forest.R PILOT FILE.pdf [--wait]")
pilot <- arguments[1]

rpostgres <- requireNamespace("RPostgres", quietly = TRUE)
connection <- if (rpostgres) {
  DBI::dbConnect(RPostgres::Postgres(), bigint = "character")
} else {
  DBI::dbConnect(RPostgreSQL::PostgreSQL())
}
ask <- function(sql, ...) {
  DBI::dbGetQuery(connection, DBI::sqlInterpolate(DBI::ANSI(), sql, ...))
}

latest <- function() {
  as.character(ask("SELECT analysis::text AS analysis FROM dashboard.analyses
                    WHERE pilot = ?pilot AND latest", pilot = pilot)$analysis)
}

show <- function(analysis) {
  effects <- ask("SELECT outcome, arm, estimate, estimate_mark::text AS mark, ci_low, ci_high
                  FROM dashboard.effects
                  WHERE analysis = ?analysis AND scope = 'pooled' AND subgroup IS NULL
                  ORDER BY ordinal", analysis = analysis)
  print(effects, row.names = FALSE)
  forest <- ask("SELECT agency, e.estimate, e.ci_low, e.ci_high, e.estimate_mark::text AS mark
                 FROM dashboard.agencies g
                 JOIN dashboard.effects e USING (analysis, outcome, agency, ordinal)
                 WHERE g.analysis = ?analysis AND g.ordinal = 0
                 ORDER BY g.eb_estimate NULLS FIRST, agency DESC", analysis = analysis)
  # What is hidden stays NA: a row of the picture with a word, and no point at 0.
  height <- seq_len(nrow(forest))
  pdf(arguments[2], width = 7, height = 1.5 + 0.16 * nrow(forest))
  par(mar = c(4, 8, 2, 1))
  plot(forest$estimate, height, pch = 15, yaxt = "n", ylab = "", xlab = "effect",
       xlim = range(forest$ci_low, forest$ci_high, 0, na.rm = TRUE), main = paste(pilot, analysis))
  segments(forest$ci_low, height, forest$ci_high, height)
  abline(v = 0, lty = 3)
  axis(2, height, forest$agency, las = 1, cex.axis = 0.6)
  gone <- is.na(forest$estimate)
  if (any(gone)) text(0, height[gone], ifelse(forest$mark[gone] == "c", "hidden", "not estimable"), cex = 0.6)
  invisible(dev.off())
  cat(sprintf("%d agencies, %d of them without a number: %s\n", nrow(forest), sum(gone), arguments[2]))
}

if (rpostgres) invisible(DBI::dbExecute(connection, "LISTEN pilot_results"))
shown <- latest()
if (length(shown) == 1) show(shown) else cat(pilot, ": nothing is released\n", sep = "")
if ("--wait" %in% arguments) {
  # RPostgreSQL cannot wait for a notification: it looks again.
  while (identical(latest(), shown)) {
    if (rpostgres) RPostgres::postgresWaitForNotify(connection, 60) else Sys.sleep(1)
  }
  if (length(latest()) == 1) show(latest())
}
invisible(DBI::dbDisconnect(connection))
