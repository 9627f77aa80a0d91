//go:build tools

// Package helm pins the Helm that the chart is rendered with in the tests.
package helm

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
