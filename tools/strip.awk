# strip.awk - removes comments and the contents of string and character literals from C, keeping lines: for the check scripts
# use: awk -f tools/strip.awk FILE...  prints FILE:LINE:text
FNR == 1 { in_comment = 0 }
{
    out = ""; n = length($0); i = 1
    while (i <= n) {
        two = substr($0, i, 2); c = substr($0, i, 1)
        if (in_comment) { if (two == "*/") { in_comment = 0; i += 2 } else i++; continue }
        if (two == "/*") { in_comment = 1; out = out " "; i += 2; continue }
        if (two == "//") break
        if (c == "\"" || c == "'") {
            out = out c; i++
            while (i <= n) {
                d = substr($0, i, 1)
                if (d == "\\") { i += 2; continue }
                i++
                if (d == c) break
            }
            out = out c
            continue
        }
        out = out c; i++
    }
    print FILENAME ":" FNR ":" out
}
