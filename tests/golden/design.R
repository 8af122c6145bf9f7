# Golden values of src/assay/design: R 4.2.2, base, rpact 3.3.4. Run: Rscript tests/golden/design.R
suppressPackageStartupMessages(library(rpact))
say <- function(name, value) cat(sprintf("%-46s %.12g\n", name, value))
say("power.t.test n=100 delta=.3", power.t.test(n = 100, delta = 0.3, sd = 1)$power)
say("power.t.test n, power=.9 delta=.3", power.t.test(power = 0.9, delta = 0.3, sd = 1)$n)
say("power.prop.test n, .10 .12", power.prop.test(p1 = .1, p2 = .12, power = .8)$n)
fixed <- function(x) x$nFixed
say("rpact means two-sided, ratio 1/3",
    fixed(getSampleSizeMeans(alpha = .05, beta = .2, sided = 2, alternative = .3, stDev = 1.2,
                             allocationRatioPlanned = 1 / 3)))
say("rpact means non-inferior -.2",
    fixed(getSampleSizeMeans(alpha = .025, beta = .2, sided = 1, thetaH0 = -.2, alternative = 0,
                             stDev = 1.2)))
say("rpact mean ratio .9 (normal)",
    fixed(getSampleSizeMeans(alpha = .025, beta = .1, sided = 1, meanRatio = TRUE, thetaH0 = .9,
                             alternative = 1, stDev = .5, normalApproximation = TRUE)))
say("rpact rates FM -.03",
    fixed(getSampleSizeRates(alpha = .025, beta = .2, sided = 1, thetaH0 = -.03, pi1 = .3,
                             pi2 = .3)))
say("rpact rates FM -.03, .31, ratio 2",
    fixed(getSampleSizeRates(alpha = .025, beta = .2, sided = 1, thetaH0 = -.03, pi1 = .31,
                             pi2 = .3, allocationRatioPlanned = 2)))
say("rpact rates FM risk ratio .9",
    fixed(getSampleSizeRates(alpha = .025, beta = .2, sided = 1, riskRatio = TRUE, thetaH0 = .9,
                             pi1 = .3, pi2 = .3)))
d <- getDesignGroupSequential(kMax = 4, typeOfDesign = "asOF", alpha = .025, beta = .2, sided = 1)
say("rpact inflation asOF 4 looks one-sided", getDesignCharacteristics(d)$inflationFactor)

# Cluster t test by its definition: non-central t, clusters - 2 degrees of freedom.
cluster_power <- function(clusters, m, cv, icc, delta, sd, alpha = .05) {
  deff <- 1 + ((1 + cv^2) * m - 1) * icc
  n <- clusters / 2 * m
  df <- clusters - 2
  crit <- qt(1 - alpha / 2, df)
  ncp <- delta / (sd * sqrt(2 * deff / n))
  pt(crit, df, ncp, lower.tail = FALSE) + pt(-crit, df, ncp)
}
say("cluster power 24 x 50 cv .65 icc .05", cluster_power(24, 50, .65, .05, .3, 1))
say("cluster power 40 x 20 cv 0 icc .02", cluster_power(40, 20, 0, .02, .25, 1))

# Dunnett by integration over the control's deviation (and the estimated standard deviation).
dunnett <- function(k, r, df, a, two) {
  l <- sqrt(1 / (1 + r)); s <- sqrt(1 - l^2)
  p1 <- function(c) integrate(function(z) {
    lo <- if (two) pnorm((-c + l * z) / s) else 0
    (pnorm((c + l * z) / s) - lo)^k * dnorm(z)
  }, -9, 9, rel.tol = 1e-11, subdivisions = 500)$value
  p <- if (is.infinite(df)) p1 else function(c) integrate(function(w)
    sapply(w, function(w) p1(c * w) * 2 * w * df * dchisq(w^2 * df, df)),
    0, 4, rel.tol = 1e-9, subdivisions = 300)$value
  uniroot(function(c) p(c) - (1 - a), c(1.5, 4), tol = 1e-11)$root
}
say("dunnett 2, r 1, two", dunnett(2, 1, Inf, .05, TRUE))
say("dunnett 3, r 1, two", dunnett(3, 1, Inf, .05, TRUE))
say("dunnett 3, r sqrt 3, two", dunnett(3, sqrt(3), Inf, .05, TRUE))
say("dunnett 4, r 1, one .025", dunnett(4, 1, Inf, .025, FALSE))
say("dunnett 3, r 1, df 20, two", dunnett(3, 1, 20, .05, TRUE))
say("dunnett 5, r 1, df 12, one", dunnett(5, 1, 12, .05, FALSE))
# P(any rejection), three treatments, effects 3, 1, 0 standard errors: mvtnorm as a second way.
library(mvtnorm)
any_power <- function(c, shifts, rho) {
  k <- length(shifts); R <- matrix(rho, k, k); diag(R) <- 1
  set.seed(1)
  1 - pmvnorm(rep(-c, k), rep(c, k), mean = shifts, corr = R,
              algorithm = GenzBretz(maxpts = 5e5, abseps = 1e-8))[1]
}
say("any rejection shifts 3 1 0 at 2.349", any_power(2.349, c(3, 1, 0), .5))

# Exact power of two-proportion tests by enumeration.
score_z <- function(x1, n1, x2, n2) {
  p <- (x1 + x2) / (n1 + n2)
  v <- p * (1 - p) * (1 / n1 + 1 / n2)
  ifelse(v <= 0, 0, (x2 / n2 - x1 / n1) / sqrt(v))
}
enumerate <- function(n1, n2, p1, p2, rejects) {
  g <- expand.grid(x1 = 0:n1, x2 = 0:n2)
  sum(dbinom(g$x1, n1, p1) * dbinom(g$x2, n2, p2) * rejects(g$x1, g$x2))
}
say("exact power of score test 60:60 .3 .6",
    enumerate(60, 60, .3, .6, function(a, b) abs(score_z(a, 60, b, 60)) > qnorm(.975)))
# Barnard by score order, one side at .025 twice, nuisance share in a 1 - 1e-6 interval of
# Clopper-Pearson for the pooled count, its price added (Berger & Boos 1994).
barnard_side <- function(x1, n1, x2, n2, sign) {
  g <- expand.grid(a = 0:n1, b = 0:n2)
  z <- sign * score_z(g$a, n1, g$b, n2)
  here <- sign * score_z(x1, n1, x2, n2)
  extreme <- g[z >= here - 1e-10, ]
  x <- x1 + x2; n <- n1 + n2; gamma <- 1e-6
  lo <- if (x == 0) 0 else qbeta(gamma / 2, x, n - x + 1)
  hi <- if (x == n) 1 else qbeta(1 - gamma / 2, x + 1, n - x)
  f <- function(p) sum(dbinom(extreme$a, n1, p) * dbinom(extreme$b, n2, p))
  grid <- seq(lo, hi, length.out = 2001)
  v <- sapply(grid, f); i <- which.max(v)
  best <- optimize(f, c(grid[max(1, i - 1)], grid[min(2001, i + 1)]), maximum = TRUE, tol = 1e-12)
  min(1, max(v, best$objective) + gamma)
}
exact_power <- function(n1, n2, p1, p2, alpha = .05) {
  total <- 0
  for (a in 0:n1) for (b in 0:n2) {
    s <- if (score_z(a, n1, b, n2) >= 0) 1 else -1
    w <- dbinom(a, n1, p1) * dbinom(b, n2, p2)
    if (w > 1e-14 && 2 * barnard_side(a, n1, b, n2, s) < alpha) total <- total + w
  }
  total
}
say("exact power of Barnard 8:8 .1 .7", exact_power(8, 8, .1, .7))
