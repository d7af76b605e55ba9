module github.com/polycart/polycart/broken

go 1.25.0
