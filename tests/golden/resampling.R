# Golden numbers of src/assay/resampling that come from R: Rscript tests/golden/resampling.R
# R 4.2, boot 1.3-28.1, coin 1.4-2.
control <- c(3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8)
treatment <- c(4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8)
control_d <- c(2, 3, 1, 4, 2, 2, 5, 2, 3, 2)
print_value <- function(name, x) cat(name, format(x, digits = 16), "\n")

# Acceleration of a ratio in one sample from the jackknife: a = sum(l^3) / (6 sum(l^2)^1.5), with
# boot's influence values centred at their mean (boot centres at the estimate, scipy at the mean).
ratio <- function(d, i) sum(d[i, 1]) / sum(d[i, 2])
l <- boot::empinf(data = cbind(control, control_d), statistic = ratio, type = "jack", stype = "i")
l <- l - mean(l)
print_value("jackknife acceleration of a ratio", sum(l^3) / (6 * sum(l^2)^1.5))

# Exact two-sample and stratified permutation tests of the difference of means.
y <- c(control[1:5], treatment[1:6])
g <- factor(c(rep("c", 5), rep("t", 6)))
exact <- coin::oneway_test(y ~ g, distribution = coin::exact())
print_value("coin exact 5 and 6", coin::pvalue(exact))
y <- c(control[1:8], treatment[1:8])
g <- factor(rep(c("c", "t"), each = 8))
pair <- factor(rep(1:8, 2))
exact <- coin::symmetry_test(y ~ g | pair, distribution = coin::exact())
print_value("coin exact, 8 pairs", coin::pvalue(exact))
