# Golden numbers of src/assay/survival, by R 4.2 with survival 3.5-3.
# Run: Rscript tests/golden/survival.R
suppressMessages(library(survival))
options(digits = 15, width = 200)
show <- function(name, x) cat(name, ": ", paste(format(x, digits = 15), collapse = " "), "\n", sep = "")

lung2 <- lung[!is.na(lung$inst), c("inst", "time", "status", "age", "sex")]
lung2$event <- lung2$status - 1
cat("# lung, rows with a known inst:", nrow(lung2), "\n")
for (v in c("time", "event", "age", "sex", "inst")) cat(v, "{", paste(lung2[[v]], collapse = ", "), "}\n")
for (v in c("trt", "time", "status", "karno", "age", "prior")) cat("veteran", v, "{", paste(veteran[[v]], collapse = ", "), "}\n")
cat("veteran celltype {", paste(as.integer(veteran$celltype), collapse = ", "), "}\n")
for (v in c("futime", "fustat", "age", "rx")) cat("ovarian", v, "{", paste(ovarian[[v]], collapse = ", "), "}\n")

cat("# Kaplan-Meier, ovarian, log-log and log\n")
s <- survfit(Surv(futime, fustat) ~ 1, ovarian, conf.type = "log-log")
i <- which(s$n.event > 0)[c(1, 5, 12)]
show("time", s$time[i]); show("risk", s$n.risk[i]); show("surv", s$surv[i])
show("se", s$std.err[i] * s$surv[i]); show("low", s$lower[i]); show("high", s$upper[i])
s <- survfit(Surv(futime, fustat) ~ 1, ovarian, conf.type = "log")
show("log low", s$lower[i]); show("log high", s$upper[i])
s <- survfit(Surv(time, status) ~ 1, veteran, conf.type = "log-log")
show("veteran quartiles", unlist(quantile(s, c(.25, .5, .75))))
s <- survfit(Surv(time, event) ~ 1, lung2, conf.type = "log-log")
show("lung quartiles", unlist(quantile(s, c(.25, .5, .75))))
lung2$entry <- floor(lung2$time * ((seq_len(nrow(lung2)) %% 5) / 10))
s <- survfit(Surv(entry, time, event) ~ 1, lung2, conf.type = "log-log")
i <- match(c(95, 310, 705), s$time)
show("entry risk", s$n.risk[i]); show("entry surv", s$surv[i]); show("entry se", s$std.err[i] * s$surv[i])

cat("# log-rank\n")
d <- survdiff(Surv(time, status) ~ celltype, veteran)
show("celltype obs", d$obs); show("exp", d$exp); show("chisq", c(d$chisq, d$pvalue))
d <- survdiff(Surv(time, status) ~ trt, veteran, rho = 1)
show("trt rho1 obs", d$obs); show("exp", d$exp); show("chisq", c(d$chisq, d$pvalue))
d <- survdiff(Surv(time, status) ~ trt + strata(celltype), veteran)
show("trt strata obs", rowSums(d$obs)); show("exp", rowSums(d$exp)); show("chisq", c(d$chisq, d$pvalue))
d <- survdiff(Surv(time, event) ~ sex + strata(inst), lung2, rho = 0.5)
show("lung sex strata inst rho .5", c(d$chisq, d$pvalue))

cat("# Cox\n")
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
cox <- function(name, f) {
  cat(name, "\n"); show("coef", coef(f)); show("se", sqrt(diag(if (is.null(f$naive.var)) f$var else f$naive.var)))
  if (!is.null(f$naive.var)) show("robust se", sqrt(diag(f$var)))
  show("loglik", f$loglik); sm <- summary(f)
  show("lr wald score", c(sm$logtest[1], sm$waldtest[1], sm$sctest[1]))
  for (tr in c("km", "identity")) { z <- cox.zph(f, transform = tr, terms = FALSE); show(paste("zph", tr, "chisq"), z$table[, 1]); show("p", z$table[, 3]) }
}
cox("veteran efron trt karno age", coxph(Surv(time, status) ~ trt + karno + age, veteran, control = exact))
cox("veteran breslow", coxph(Surv(time, status) ~ trt + karno + age, veteran, ties = "breslow", control = exact))
cox("lung cluster inst", coxph(Surv(time, event) ~ sex + age + cluster(inst), lung2, control = exact))
cox("lung cluster inst breslow", coxph(Surv(time, event) ~ sex + age + cluster(inst), lung2, ties = "breslow", control = exact))
cox("veteran strata celltype robust", coxph(Surv(time, status) ~ trt + karno + strata(celltype), veteran, robust = TRUE, control = exact))
cox("lung entry robust", coxph(Surv(entry, time, event) ~ sex + age, lung2, robust = TRUE, id = seq_len(nrow(lung2)), control = exact))

cat("# Restricted mean\n")
r <- summary(survfit(Surv(time, status) ~ trt, veteran), rmean = 300)$table; show("veteran trt rmean se", c(r[, "rmean"], r[, "se(rmean)"]))
r <- summary(survfit(Surv(futime, fustat) ~ rx, ovarian), rmean = 600)$table; show("ovarian rx rmean se", c(r[, "rmean"], r[, "se(rmean)"]))
s <- summary(survfit(Surv(time, status) ~ trt, veteran), times = 100); show("veteran S(100)", c(s$surv, s$std.err))
