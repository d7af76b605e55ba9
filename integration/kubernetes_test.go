package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	strict "sigs.k8s.io/yaml"
)

// kubernetesKinds are the types of what the manifest may hold. Those of traefik.io would bring all of Traefik along;
// cmd/polycart checks what the plugin takes of them.
var kubernetesKinds = map[string]func() any{
	"v1 Namespace":                                    func() any { return &core.Namespace{} },
	"v1 Secret":                                       func() any { return &core.Secret{} },
	"v1 ConfigMap":                                    func() any { return &core.ConfigMap{} },
	"v1 Service":                                      func() any { return &core.Service{} },
	"v1 ServiceAccount":                               func() any { return &core.ServiceAccount{} },
	"apps/v1 StatefulSet":                             func() any { return &apps.StatefulSet{} },
	"apps/v1 Deployment":                              func() any { return &apps.Deployment{} },
	"networking.k8s.io/v1 NetworkPolicy":              func() any { return &networking.NetworkPolicy{} },
	"policy/v1 PodDisruptionBudget":                   func() any { return &policy.PodDisruptionBudget{} },
	"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return &rbac.ClusterRole{} },
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return &rbac.ClusterRoleBinding{} },
	"traefik.io/v1alpha1 Middleware":                  nil,
	"traefik.io/v1alpha1 IngressRoute":                nil,
}

// Kubernetes drops a field that it does not know or refuses it, as it is set up; here none may be.
func TestTheKubernetesManifestHasOnlyFieldsThatKubernetesKnows(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "docs", "replicas", "kubernetes.yml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, text := range strings.Split(string(content), "\n---\n") {
		head := meta.TypeMeta{}
		if err := strict.Unmarshal([]byte(text), &head); err != nil {
			t.Fatal(err)
		}
		kind := head.APIVersion + " " + head.Kind
		found[kind] = true
		typed, known := kubernetesKinds[kind]
		if !known {
			t.Errorf("%s is of no kind that this test knows", kind)
		}
		if typed == nil {
			continue
		}
		if err := strict.UnmarshalStrict([]byte(text), typed()); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	for kind := range kubernetesKinds {
		if !found[kind] {
			t.Errorf("there is no %s", kind)
		}
	}
}
