module github.com/polycart/polycart/integration

go 1.25.0

require (
	github.com/mitchellh/mapstructure v1.5.0
	github.com/polycart/polycart v0.0.0-00010101000000-000000000000
	github.com/traefik/yaegi v0.16.1
	go.yaml.in/yaml/v3 v3.0.6
)

require golang.org/x/tools v0.40.0 // indirect

replace github.com/polycart/polycart => ../
