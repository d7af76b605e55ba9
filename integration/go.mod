module github.com/polycart/polycart/integration

go 1.25.0

require github.com/traefik/yaegi v0.16.1

replace github.com/polycart/polycart => ../
