package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is what the test reads of an object of Kubernetes.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Data     map[string]string
	String   map[string]string `yaml:"stringData"`
	Spec     struct {
		Plugin   map[string]any
		Template struct {
			Spec struct {
				Containers []struct {
					VolumeMounts []struct {
						Name string
						Path string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name      string
					ConfigMap struct{ Name string } `yaml:"configMap"`
					Secret    struct {
						SecretName string `yaml:"secretName"`
					}
				}
			}
		}
		Routes []struct {
			Middlewares []struct{ Name string }
		}
	}
}

// objectsIn reads all documents of a file by kind and name.
func objectsIn(t *testing.T, path string) map[string]object {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]object{}
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		one := object{}
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		name := one.Kind + " " + one.Metadata.Name
		if _, twice := found[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		found[name] = one
	}
}

// The middleware of the manifest is one that the plugin takes, in the pod that the manifest makes: every file that it names
// is mounted there, from a ConfigMap or Secret of the manifest.
func TestTheMiddlewareOfTheKubernetesManifestHasNoFault(t *testing.T) {
	objects := objectsIn(t, filepath.Join("..", "..", "docs", "replicas", "kubernetes.yml"))
	root := t.TempDir()
	pod := objects["Deployment traefik"].Spec.Template.Spec
	sources := map[string]object{}
	for _, volume := range pod.Volumes {
		sources[volume.Name] = objects["ConfigMap "+volume.ConfigMap.Name]
		if volume.Secret.SecretName != "" {
			sources[volume.Name] = objects["Secret "+volume.Secret.SecretName]
		}
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		folder := filepath.Join(root, mount.Path)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		source := sources[mount.Name]
		if source.Kind == "" && mount.Name != "tmp" {
			t.Errorf("nothing of the manifest is mounted at %s", mount.Path)
		}
		for _, files := range []map[string]string{source.Data, source.String} {
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	route := objects["IngressRoute shop"].Spec.Routes
	if len(route) != 1 || len(route[0].Middlewares) != 1 {
		t.Fatalf("the routes are %+v", route)
	}
	middleware := objects["Middleware "+route[0].Middlewares[0].Name]
	text, err := yaml.Marshal(map[string]any{"http": map[string]any{"middlewares": map[string]any{"carts": map[string]any{"plugin": middleware.Spec.Plugin}}}})
	if err != nil {
		t.Fatal(err)
	}
	dynamic := filepath.Join(root, "dynamic.yml")
	inPod := strings.ReplaceAll(string(text), ": /etc/polycart/", ": "+root+"/etc/polycart/")
	if err := os.WriteFile(dynamic, []byte(inPod), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runHere(t, "", "check", dynamic); got.code != exitFine || got.out != dynamic+": 1 middleware, no faults\n" {
		t.Errorf("got %+v", got)
	}
	static := map[string]any{}
	if err := yaml.Unmarshal([]byte(objects["ConfigMap traefik"].Data["traefik.yml"]), &static); err != nil || static["experimental"] == nil {
		t.Errorf("Traefik's own configuration is %v, %v", static, err)
	}
}
