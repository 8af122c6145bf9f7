# Golden values of src/assay/sequential, from rpact 3.3.4 (R 4.2) at its tightest tolerance.
# Rscript tests/golden/sequential.R
suppressMessages(library(rpact))
options(digits = 12, warn = -1)
tight <- 1e-10
show <- function(name, x) cat(name, ": {", paste(formatC(as.numeric(x), digits = 14, format = "g"), collapse = ", "), "}\n", sep = "")
gs <- function(...) suppressMessages(getDesignGroupSequential(..., tolerance = tight))
bounds <- function(name, ...) { d <- gs(...); show(paste0(name, " critical"), d$criticalValues); show(paste0(name, " alpha"), d$alphaSpent); d }

uneven <- c(0.2, 0.4, 0.65, 0.8, 1)
d <- bounds("OF 5 two .05", kMax = 5, alpha = .05, sided = 2, typeOfDesign = "OF")
d <- bounds("P 5 two .05", kMax = 5, alpha = .05, sided = 2, typeOfDesign = "P")
d <- bounds("WT.25 uneven one .025", informationRates = uneven, alpha = .025, sided = 1, typeOfDesign = "WT", deltaWT = .25)
d <- bounds("HP 4 two .05", kMax = 4, alpha = .05, sided = 2, typeOfDesign = "HP", constantBoundsHP = 3)
d <- bounds("asOF 5 two .05", kMax = 5, alpha = .05, sided = 2, typeOfDesign = "asOF")
d <- bounds("asOF 10 one .025", kMax = 10, alpha = .025, sided = 1, typeOfDesign = "asOF")
d <- bounds("asP uneven two .05", informationRates = uneven, alpha = .05, sided = 2, typeOfDesign = "asP")
d <- bounds("asKD2 uneven one .05", informationRates = uneven, alpha = .05, sided = 1, typeOfDesign = "asKD", gammaA = 2)
d <- bounds("asHSD-4 uneven two .1", informationRates = uneven, alpha = .1, sided = 2, typeOfDesign = "asHSD", gammaA = -4)
d <- bounds("asUser 4 one .025", kMax = 4, alpha = .025, sided = 1, typeOfDesign = "asUser", userAlphaSpending = c(.001, .004, .012, .025))

cat("\n# characteristics\n")
chars <- function(name, d) { x <- getDesignCharacteristics(d); show(paste0(name, " shift, inflation, ASN1, ASN01, ASN0"), c(x$shift, x$inflationFactor, x$averageSampleNumber1, x$averageSampleNumber01, x$averageSampleNumber0)); show(paste0(name, " power"), x$power) }
chars("asOF 5 two .05 beta .2", gs(kMax = 5, alpha = .05, beta = .2, sided = 2, typeOfDesign = "asOF"))
chars("P 3 one .025 beta .1", gs(kMax = 3, alpha = .025, beta = .1, sided = 1, typeOfDesign = "P"))
chars("OF uneven one .025 beta .1", gs(informationRates = uneven, alpha = .025, beta = .1, sided = 1, typeOfDesign = "OF"))

cat("\n# futility\n")
fut <- function(name, ...) { d <- gs(...); show(paste0(name, " critical"), d$criticalValues); show(paste0(name, " futility"), d$futilityBounds); show(paste0(name, " beta"), d$betaSpent); show(paste0(name, " power"), d$power); chars(name, d); d }
d <- fut("bsOF nonbinding asOF 4 one .025 .2", kMax = 4, alpha = .025, beta = .2, sided = 1, typeOfDesign = "asOF", typeBetaSpending = "bsOF", bindingFutility = FALSE)
d <- fut("bsOF binding asOF 4 one .025 .2", kMax = 4, alpha = .025, beta = .2, sided = 1, typeOfDesign = "asOF", typeBetaSpending = "bsOF", bindingFutility = TRUE)
d <- fut("bsKD1.5 nonbinding asHSD-2 uneven one .05 .1", informationRates = uneven, alpha = .05, beta = .1, sided = 1, typeOfDesign = "asHSD", gammaA = -2, typeBetaSpending = "bsKD", gammaB = 1.5, bindingFutility = FALSE)
d <- fut("bsP binding asP 3 one .025 .1", kMax = 3, alpha = .025, beta = .1, sided = 1, typeOfDesign = "asP", typeBetaSpending = "bsP", bindingFutility = TRUE)
d <- fut("bsHSD binding asKD 3 one .025 .2", kMax = 3, alpha = .025, beta = .2, sided = 1, typeOfDesign = "asKD", gammaA = 2, typeBetaSpending = "bsHSD", gammaB = -2, bindingFutility = TRUE)
d <- fut("user beta nonbinding asUser 3 one .025", kMax = 3, alpha = .025, sided = 1, typeOfDesign = "asUser", userAlphaSpending = c(.005, .012, .025), typeBetaSpending = "bsUser", userBetaSpending = c(.05, .1, .2), bindingFutility = FALSE)
d <- bounds("user futility binding OF 3 one .025", kMax = 3, alpha = .025, sided = 1, typeOfDesign = "OF", futilityBounds = c(0, .8), bindingFutility = TRUE)
d <- bounds("user futility binding asOF 3 one .025", kMax = 3, alpha = .025, sided = 1, typeOfDesign = "asOF", futilityBounds = c(0, .8), bindingFutility = TRUE)
chars("user futility nonbinding asOF 3 one .025 .2", gs(kMax = 3, alpha = .025, beta = .2, sided = 1, typeOfDesign = "asOF", futilityBounds = c(0, .8), bindingFutility = FALSE))
d <- fut("two-sided bsOF nonbinding asOF 4 .05 .2", kMax = 4, alpha = .05, beta = .2, sided = 2, typeOfDesign = "asOF", typeBetaSpending = "bsOF", bindingFutility = FALSE)
d <- fut("two-sided bsP binding asP 3 .05 .2", kMax = 3, alpha = .05, beta = .2, sided = 2, typeOfDesign = "asP", typeBetaSpending = "bsP", bindingFutility = TRUE)

cat("\n# probabilities at a drift\n")
d <- gs(kMax = 5, alpha = .05, sided = 2, typeOfDesign = "asOF")
p <- getPowerAndAverageSampleNumber(d, theta = c(0, .2, .3), nMax = 100)
show("asOF 5 two .05 drift 0 2 3 power", p$calculatedPower)
show("asOF 5 two .05 drift 0 2 3 ASN", p$averageSampleNumber)

cat("\n# A second algorithm: Simpson on 4,001 points a look, where rpact's grid is too coarse\n")
# (two looks close to each other, ten looks, tiny early spending).
simpson <- function(n) c(1, rep(c(4, 2), length.out = n - 2), 1) / 3
dense <- function(information, spend, sided, n = 4001) {
  k <- length(information); critical <- numeric(k); score <- 0; mass <- 1; t <- 0; before <- 0
  for (i in seq_len(k)) {
    s <- information[i]; sd <- sqrt(s - t); target <- (spend[i] - before) / sided; before <- spend[i]
    tail <- function(z) sum(mass * pnorm((z * sqrt(s) - score) / sd, lower.tail = FALSE))
    critical[i] <- uniroot(function(z) log(tail(z)) - log(target), c(0, 9), tol = 1e-14, maxiter = 1000)$root
    high <- min(critical[i], 8.5) * sqrt(s); low <- if (sided == 2) -high else -8.5 * sqrt(s)
    grid <- seq(low, high, length.out = n); w <- simpson(n) * (grid[2] - grid[1])
    density <- vapply(grid, function(b) sum(mass * dnorm((b - score) / sd)) / sd, 0)
    score <- grid; mass <- w * density; t <- s
  }
  critical
}
of <- function(t, alpha, sided) 2 * sided * pnorm(qnorm(1 - alpha / (2 * sided)) / sqrt(t), lower.tail = FALSE)
show("dense asOF 10 one .025", dense((1:10) / 10, of((1:10) / 10, .025, 1), 1))
close <- c(0.1, 0.35, 0.6, 0.62, 1)
show("dense asP close two .05", dense(close, .05 * log(1 + (exp(1) - 1) * close), 2))
show("dense asKD2 close one .05", dense(close, .05 * close^2, 1))

cat("\n# Inference after and at looks: one-sample means, known deviation 1 (normal approximation)\n")
# Cumulative z at looks of n = 20, 40, 60 chosen by their stage means.
analyse <- function(name, d, means, theta = NA) {
  k <- length(means); n <- 20
  data <- getDataset(means = means, sampleSizes = rep(n, k), stDevs = rep(1, k))
  # stage deviations of 1 make pooled deviations vary: read the statistics that rpact used
  s <- getStageResults(d, data, normalApproximation = TRUE)
  z <- qnorm(1 - s$overallPValues[1:k]); show(paste0(name, " z"), z)
  se <- s$overallStDevs[1:k] / sqrt(n * (1:k)); show(paste0(name, " se"), se); show(paste0(name, " estimate"), z * se)
  r <- getRepeatedConfidenceIntervals(d, data, normalApproximation = TRUE, tolerance = 1e-12)
  rp <- getRepeatedPValues(s, tolerance = 1e-10); show(paste0(name, " repeated p"), rp)
  p <- getFinalPValue(s); show(paste0(name, " final stage, p"), c(p$finalStage, p$pFinal))
  f <- getFinalConfidenceInterval(d, data, normalApproximation = TRUE, tolerance = 1e-12)
  show(paste0(name, " final general low high median"), c(f$finalConfidenceIntervalGeneral, f$medianUnbiasedGeneral) * sqrt(n * k))
  invisible(s)
}
one3 <- gs(kMax = 3, alpha = .025, sided = 1, typeOfDesign = "asOF")
s <- analyse("one asOF stop at 2", one3, c(.4, .55))
s <- analyse("one asOF end at 3", one3, c(.3, .2, .35))
two3 <- gs(kMax = 3, alpha = .05, sided = 2, typeOfDesign = "asP")
s <- analyse("two asP end at 3", two3, c(.3, .2, .35))
bind <- gs(kMax = 3, alpha = .025, sided = 1, typeOfDesign = "asOF", futilityBounds = c(0, .5), bindingFutility = TRUE)
s <- analyse("binding asOF end at 3", bind, c(.3, .2, .35))
wt <- gs(kMax = 3, alpha = .025, sided = 1, typeOfDesign = "WT", deltaWT = .3)
s <- analyse("one WT.3 stop at 2", wt, c(.4, .55))

cat("\n# Conditional power\n")
cp <- function(name, d, means, n_planned, theta) {
  k <- length(means); data <- getDataset(means = means, sampleSizes = rep(20, k), stDevs = rep(1, k))
  s <- getStageResults(d, data, normalApproximation = TRUE)
  show(paste0(name, " z"), qnorm(1 - s$overallPValues[1:k]))
  x <- getConditionalPower(s, nPlanned = n_planned, thetaH1 = theta, assumedStDev = 1); show(paste0(name, " cp"), x$conditionalPower)
}
four <- gs(kMax = 4, alpha = .025, sided = 1, typeOfDesign = "asOF")
cp("asOF 4 after look 1, effect .3", four, c(.25), c(20, 20, 20), .3)
cp("asOF 4 after look 2, effect .2", four, c(.25, .3), c(20, 20), .2)
