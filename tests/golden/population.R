# Golden values of heterogeneity_test.cpp (metafor 3.8-1) and population_test.cpp (estimatr 1.0.0), R 4.2.2.
suppressMessages(library(metafor)); options(digits=15)
yi<-c(0.10,0.30,0.35,0.65,0.45,0.15,-0.2); se<-c(0.14,0.10,0.22,0.18,0.12,0.09,0.25)
for(m in c("DL","PM","REML")){r<-rma(yi=yi,sei=se,method=m,control=list(tol=1e-15,maxiter=1000)); cat(m,r$tau2,r$b,r$se,r$QE,r$QEp,r$I2,"\n")}
r<-rma(yi=yi,sei=se,method="PM",control=list(tol=1e-15,maxiter=1000)); b<-blup(r); print(b$pred,digits=15); print(b$se,digits=15)
r<-rma(yi=yi,sei=se,method="FE"); cat("FE",r$b,r$se,"\n")
# CACE
library(estimatr); set.seed(3)
n<-400; z<-rep(0:1,n/2); c<-rbinom(n,1,.6); d<-ifelse(z==1,c,0); y<-round(1+0.5*d+rnorm(n),6)
cat("sums z0:",sum(y[z==0]),sum(y[z==0]^2),sum(d[z==0]),sum(y[z==0]*d[z==0]),"\n")
cat("sums z1:",sum(y[z==1]),sum(y[z==1]^2),sum(d[z==1]),sum(y[z==1]*d[z==1]),"\n")
r<-iv_robust(y~d|z,se_type="HC2"); cat("iv",coef(r)[2],r$std.error[2],"\n")
