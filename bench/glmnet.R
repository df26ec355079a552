# Called by glmnet.py:  Rscript glmnet.R FOLDER TOL SECONDS, or Rscript glmnet.R for the version of glmnet.
# FOLDER holds shape.txt (n, p, K, l1_ratio, sparse) and float64 y.bin, alphas.bin, X.bin, by columns; if sparse X.bin has the
# entries, and rows.bin and starts.bin (int32, from 0) where they are.  Written: coefs.bin (p x K) and seconds.txt, one call a line,
# as many calls as fit into SECONDS, one at least: reading data and starting R are not in the time.

suppressPackageStartupMessages(library(glmnet))
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) == 0) {
  cat(as.character(packageVersion("glmnet")), "\n")
  quit(status = 0)
}
folder <- arguments[1]
tol <- as.numeric(arguments[2])
limit <- as.numeric(arguments[3])

shape <- scan(file.path(folder, "shape.txt"), quiet = TRUE)
n <- shape[1]
p <- shape[2]
K <- shape[3]
read <- function(name, what, size) {
  file <- file.path(folder, name)
  readBin(file, what, n = file.size(file) / size, size = size, endian = "little")
}
X <- read("X.bin", "double", 8)
y <- read("y.bin", "double", 8)
alphas <- read("alphas.bin", "double", 8)
if (shape[5] == 1) {
  X <- Matrix::sparseMatrix(i = read("rows.bin", "integer", 4), p = read("starts.bin", "integer", 4), x = X, dims = c(n, p), index1 = FALSE)
} else {
  dim(X) <- c(n, p)
}

# neither near a saturated fit nor where little is explained further does the path end early
glmnet.control(fdev = 0, devmax = 1)
seconds <- c()
repeat {
  clock <- Sys.time()
  fit <- glmnet(X, y, alpha = shape[4], lambda = alphas, standardize = FALSE, intercept = FALSE, thresh = tol, maxit = 1e8)
  seconds <- c(seconds, as.numeric(difftime(Sys.time(), clock, units = "secs")))
  if (sum(seconds) > limit || length(seconds) >= 1000) break
}
coefs <- matrix(0, p, K)
found <- as.matrix(fit$beta)
coefs[, seq_len(ncol(found))] <- found
writeBin(as.vector(coefs), file.path(folder, "coefs.bin"), size = 8, endian = "little")
writeLines(format(seconds, digits = 17), file.path(folder, "seconds.txt"))
