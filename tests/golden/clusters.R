# Golden numbers of the clustered methods in src/assay/stats.
# Needs R 4.2, clubSandwich 0.5.8, estimatr 1.0.0, sandwich 3.0-2; run: Rscript tests/golden/clusters.R
suppressPackageStartupMessages({library(clubSandwich); library(estimatr); library(sandwich)})
options(digits = 17, width = 200)

# The world: Lehmer's generator (16807, 2^31 - 1) from seed 20261122, drawn in this order.
state <- 20261122
u <- function() { state <<- (16807 * state) %% 2147483647; state / 2147483647 }
sizes <- c(3, 9, 4, 12, 5, 2, 7, 15, 6, 3, 8, 4, 10, 5)
treated <- c(0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0)
g <- t <- x1 <- x2 <- y <- d <- h <- w <- c()
for (k in seq_along(sizes)) {
  shift <- 2 * (u() - 0.5)
  for (i in seq_len(sizes[k])) {
    a <- u() + 0.5 * shift; b <- u(); e <- u(); f <- u(); v <- u()
    g <- c(g, k); t <- c(t, treated[k]); h <- c(h, 1 + floor(6 * f)); w <- c(w, 0.5 + v)
    x1 <- c(x1, a); x2 <- c(x2, b)
    y <- c(y, 10 + shift + 1.5 * a + 0.4 * treated[k] * (1 + a) + 3 * (e - 0.5))
    d <- c(d, 1 + floor(4 * v))
  }
}
n <- length(y)
show <- function(name, x) cat(name, format(as.numeric(x), digits = 17), "\n")
show("n sum_y", c(n, sum(y)))

tests <- function(fit, name, ...) {
  for (type in c("CR0", "CR1", "CR1S", "CR2", "CR3")) {
    V <- vcovCR(fit, cluster = g, type = type, ...)
    r <- coef_test(fit, vcov = V, test = "Satterthwaite")
    for (k in seq_len(nrow(r)))
      show(paste(name, type, rownames(r)[k], "est se df p"),
           c(r$beta[k], r$SE[k], r$df_Satt[k], r$p_Satt[k]))
  }
}
tests(lm(y ~ t), "means")
tests(lm(y ~ t + x1 + x2), "ancova")
# Weights that vary within clusters: CR2's root in the weighted coordinates, that is of the rows
# times sqrt(w) (clubSandwich with inverse_var takes the root in others; CR0, CR1, CR3 agree).
q <- sqrt(w)
tests(lm(I(y * q) ~ 0 + q + I(t * q)), "weighted")

r <- lm_robust(y ~ t + x1 + x2, clusters = g, se_type = "CR2")
show("estimatr CR2 t se df p", c(r$std.error[2], r$df[2], r$p.value[2]))
q1 <- x1 - mean(x1); q2 <- x2 - mean(x2)
r <- lm_robust(y ~ t * (q1 + q2), clusters = g, se_type = "CR2")
show("estimatr Lin t est se df p", c(r$coefficients[2], r$std.error[2], r$df[2], r$p.value[2]))

# Ratio of sums: the clusters' sum y / sum d with inverse variances sum d. Its scores are sums of
# y - R d and its leverages shares of the denominator.
Y <- as.numeric(tapply(y, g, sum)); D <- as.numeric(tapply(d, g, sum))
fit <- lm(I(Y / D) ~ treated, weights = D)
for (type in c("CR0", "CR1", "CR2", "CR3")) {
  r <- coef_test(fit, vcov = vcovCR(fit, cluster = 1:14, type = type, inverse_var = TRUE),
                 test = "Satterthwaite")
  show(paste("ratio", type, "est se df p"), c(r$beta[2], r$SE[2], r$df_Satt[2], r$p_Satt[2]))
}

# Two ways.
fit <- lm(y ~ t + x1 + x2)
for (type in c("HC0", "HC1"))
  show(paste("two-way", type, "se"), sqrt(diag(vcovCL(fit, cluster = data.frame(g, h), type = type,
                                                   cadjust = type != "HC0", fix = TRUE))))
show("two-way by parts CR0 se", sqrt(diag(vcovCR(fit, g, "CR0") + vcovCR(fit, h, "CR0") -
                                            vcovCR(fit, paste(g, h), "CR0"))))
show("two-way by parts CR2 se", sqrt(diag(vcovCR(fit, g, "CR2") + vcovCR(fit, h, "CR2") -
                                            vcovCR(fit, paste(g, h), "CR2"))))
show("one-way h CR2 df", coef_test(fit, vcovCR(fit, h, "CR2"))$df_Satt)

# Arms inside clusters: every third unit treated, clusters as fixed effects.
inside <- as.numeric(seq_len(n) %% 3 == 0)
fit <- lm(y ~ inside + factor(g))
r <- coef_test(fit, vcov = vcovCR(fit, g, "CR2"), test = "Satterthwaite")
show("fixed effects CR2 inside est se df p", c(r$beta[2], r$SE[2], r$df_Satt[2], r$p_Satt[2]))
fit <- lm(y ~ inside)
r <- coef_test(fit, vcov = vcovCR(fit, g, "CR2"), test = "Satterthwaite")
show("crossing CR2 inside est se df p", c(r$beta[2], r$SE[2], r$df_Satt[2], r$p_Satt[2]))

# ANOVA intra-cluster correlation within arms.
m <- anova(lm(y ~ factor(t) + factor(g)))
n0 <- (n - sum(tapply(sizes^2, treated, sum) / tapply(sizes, treated, sum))) / (14 - 2)
show("icc", (m[2, 3] - m[3, 3]) / (m[2, 3] + (n0 - 1) * m[3, 3]))

# Two Poisson rates: 18 events in 120 days against 7 in 100.
for (side in c("greater", "less"))
  show(paste("poisson", side), poisson.test(c(18, 7), c(120, 100), alternative = side)$p.value)
show("poisson ratio low high", c((18 / 120) / (7 / 100), poisson.test(c(18, 7), c(120, 100))$conf.int))
