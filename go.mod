module github.com/polycart/polycart

go 1.25.0
