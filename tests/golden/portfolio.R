# Golden values of src/assay/portfolio, R 4.2.2 with metafor 3.8-1.
suppressMessages(library(metafor)); options(digits = 12)
y <- c(0.10,0.30,0.35,0.65,0.45,0.15,-0.2,0.02,-0.05,1.9,0.12,-0.4)
s <- c(0.14,0.10,0.22,0.18,0.12,0.09,0.25,0.11,0.10,0.20,0.15,0.3)
r <- rma(yi=y, sei=s, method="ML", control=list(threshold=1e-14, maxiter=1e5)); cat("ML", sqrt(r$tau2), r$b, logLik(r), "\n")
f <- function(tau) -sum(dnorm(y, 0, sqrt(s^2+tau^2), log=TRUE))
o <- optimize(f, c(0, 3), tol=1e-12); cat("zero", o$minimum, -o$objective, "\n")
m <- function(sc, nu) sapply(seq_along(y), function(i) integrate(function(x) dnorm(y[i], x, s[i])*dt(x/sc, nu)/sc, y[i]-10*s[i], y[i]+10*s[i], rel.tol=1e-10, subdivisions=2000)$value)
g <- function(p) -sum(log(m(exp(p[1]), exp(p[2]))))
o <- optim(c(-1, 1), g, method="L-BFGS-B", lower=c(-6,0), upper=c(2,4.6), control=list(factr=10)); cat("t", exp(o$par), -o$value, "\n")
d <- function(x) dnorm(0.45, x, 0.12)*dt((x-0.1)/0.2, 3)/0.2
Z <- integrate(d, -1.5, 2.5, rel.tol=1e-12)$value
mu <- integrate(function(x) x*d(x)/Z, -1.5, 2.5, rel.tol=1e-12)$value
v <- integrate(function(x) (x-mu)^2*d(x)/Z, -1.5, 2.5, rel.tol=1e-12)$value
P <- function(q) integrate(function(x) d(x)/Z, -1.5, q, rel.tol=1e-12)$value
cat("post", mu, sqrt(v), uniroot(function(q) P(q)-.025, c(-1,1), tol=1e-13)$root, uniroot(function(q) P(q)-.975, c(0,1.2), tol=1e-13)$root, 1-P(0), "\n")
S <- function(t) pnorm(2.3, t, 1, lower=FALSE)/pnorm(1.96, t, 1, lower=FALSE)
for (p in c(.5,.025,.975)) cat("winner", uniroot(function(t) S(t)-p, c(-30,10), tol=1e-13)$root, "\n")
