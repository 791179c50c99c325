SELECT serial FROM logos WHERE instance = :instance AND hash = :hash
