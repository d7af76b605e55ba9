package store

import (
	"fmt"
	"os"
	"strings"
)

// maxPassword bounds a password, in bytes; Redis hashes it and would take more.
const maxPassword = 4096

// redisPassword reads the password, without the line end that editors put behind it; empty where there is none.
func redisPassword(o *RedisOptions) (string, error) {
	if o.PasswordFile == "" {
		return o.Password, nil
	}
	content, err := os.ReadFile(o.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" || len(password) > maxPassword {
		return "", fmt.Errorf("reading the password: %s holds %d bytes, allowed are 1 to %d", o.PasswordFile, len(password), maxPassword)
	}
	return password, nil
}
