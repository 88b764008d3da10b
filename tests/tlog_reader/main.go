// Reads a gateway's audit log over HTTP as C2SP tlog-tiles, with Go's checksum database's own code, which nobody of the gateway
// wrote: the checkpoint's signature (note), every tile against its root, every entry against its tile, inclusion and consistency
// proofs (tlog), and the proofs that the gateway itself gives.
//
// Usage: tlog_reader -url URL -token TOKEN -vkey KEY [-entries ID,...] [-earlier FILE]
// Prints what it found as JSON; exits with 1 and the reason where something does not hold.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

type reader struct {
	url, token string
	verifiers  note.Verifiers
	known      map[tlog.Tile][]byte
	fetched    int
}

type found struct {
	Origin       string `json:"origin"`
	Size         int64  `json:"size"`
	Root         string `json:"root"`
	Entries      int    `json:"entries"`
	Inclusions   int    `json:"inclusions"`
	Consistency  int    `json:"consistency"`
	Proofs       int    `json:"proofs"`
	FromEarlier  bool   `json:"from_earlier"`
	TilesFetched int    `json:"fetched"`
}

func main() {
	url := flag.String("url", "", "prefix of the log, as https://gateway.example/audit")
	token := flag.String("token", "", "access token with the scope audit:tiles")
	vkey := flag.String("vkey", "", "the log's verifier key")
	entries := flag.String("entries", "", "ids of entries whose proofs the gateway is asked for, with commas")
	earlier := flag.String("earlier", "", "file of a checkpoint kept earlier")
	flag.Parse()
	verifier, err := note.NewVerifier(*vkey)
	if err != nil {
		fail(err)
	}
	r := &reader{url: *url, token: *token, verifiers: note.VerifierList(verifier), known: map[tlog.Tile][]byte{}}
	result, err := r.check(*entries, *earlier)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (r *reader) check(entries, earlier string) (*found, error) {
	text, err := r.get("/checkpoint")
	if err != nil {
		return nil, err
	}
	origin, tree, err := r.open(text)
	if err != nil {
		return nil, err
	}
	// Checks every tile that it reads against the tree before it gives a hash of it.
	hashes := tlog.TileHashReader(tree, r)
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return nil, err
	}
	if root != tree.Hash {
		return nil, fmt.Errorf("the tiles give the root %v, the checkpoint says %v", root, tree.Hash)
	}
	result := &found{Origin: origin, Size: tree.N, Root: root.String()}
	if err := r.entries(tree, hashes, result); err != nil {
		return nil, err
	}
	if err := growth(tree, hashes, result); err != nil {
		return nil, err
	}
	for _, id := range strings.Split(entries, ",") {
		if id == "" {
			continue
		}
		if err := r.proof(id); err != nil {
			return nil, fmt.Errorf("proof of %s: %w", id, err)
		}
		result.Proofs++
	}
	if earlier != "" {
		if err := r.grown(earlier, tree); err != nil {
			return nil, err
		}
		result.FromEarlier = true
	}
	result.TilesFetched = r.fetched
	return result, nil
}

// entries reads every bundle and checks each entry's hash, and its record proof, against the authenticated tree.
func (r *reader) entries(tree tlog.Tree, hashes tlog.HashReader, result *found) error {
	for start := int64(0); start < tree.N; start += width {
		count := min(width, tree.N-start)
		content, err := r.get("/tile/entries/" + path(start/width, int(count)))
		if err != nil {
			return err
		}
		for number := start; number < start+count; number++ {
			if len(content) < 2 || len(content) < 2+int(binary.BigEndian.Uint16(content)) {
				return fmt.Errorf("the bundle ends before entry %d", number)
			}
			length := int(binary.BigEndian.Uint16(content))
			hash := tlog.RecordHash(content[2 : 2+length])
			content = content[2+length:]
			proof, err := tlog.ProveRecord(tree.N, number, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, number, hash); err != nil {
				return fmt.Errorf("entry %d: %w", number, err)
			}
			result.Entries++
			result.Inclusions++
		}
		if len(content) != 0 {
			return fmt.Errorf("the bundle at %d holds more than its entries", start)
		}
	}
	return nil
}

// growth checks that every size of the log before this one is its beginning.
func growth(tree tlog.Tree, hashes tlog.HashReader, result *found) error {
	for size := int64(1); size <= tree.N; size++ {
		before, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, size, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, size, before); err != nil {
			return fmt.Errorf("size %d: %w", size, err)
		}
		result.Consistency++
	}
	return nil
}

// proof checks a tlog-proof that the gateway gives: its checkpoint, and its path from the entry in its extra line.
func (r *reader) proof(id string) error {
	content, err := r.get("/proof/" + id)
	if err != nil {
		return err
	}
	head, signed, ok := strings.Cut(string(content), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	leaf, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	_, tree, err := r.open([]byte(signed))
	if err != nil {
		return err
	}
	path, err := parse(lines[3:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(tlog.RecordProof(path), tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

// grown checks the gateway's consistency proof from a checkpoint that was kept.
func (r *reader) grown(file string, tree tlog.Tree) error {
	kept, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, before, err := r.open(kept)
	if err != nil {
		return err
	}
	content, err := r.get(fmt.Sprintf("/consistency?from=%d&to=%d", before.N, tree.N))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	if len(lines) < 2 || lines[0] != fmt.Sprintf("old %d", before.N) || lines[1] != fmt.Sprintf("new %d", tree.N) {
		return fmt.Errorf("not a consistency proof of these sizes")
	}
	path, err := parse(lines[2:])
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(path), tree.N, tree.Hash, before.N, before.Hash)
}

func parse(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// open verifies a checkpoint's signature and reads its text (c2sp.org/tlog-checkpoint).
func (r *reader) open(text []byte) (string, tlog.Tree, error) {
	signed, err := note.Open(text, r.verifiers)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != signed.Sigs[0].Name {
		return "", tlog.Tree{}, fmt.Errorf("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

// Height, ReadTiles and SaveTiles make this a tlog.TileReader.
func (r *reader) Height() int { return height }

func (r *reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, 0, len(tiles))
	for _, tile := range tiles {
		if content, ok := r.known[tile]; ok {
			contents = append(contents, content)
			continue
		}
		content, err := r.get(fmt.Sprintf("/tile/%d/%s", tile.L, path(tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		if len(content) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %v has %d bytes", tile, len(content))
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// SaveTiles hears of tiles once they are checked.
func (r *reader) SaveTiles(tiles []tlog.Tile, contents [][]byte) {
	for at, tile := range tiles {
		r.known[tile] = contents[at]
	}
}

// path is <N>[.p/<W>] of tlog-tiles.
func path(index int64, hashes int) string {
	name := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	if hashes < width {
		name += fmt.Sprintf(".p/%d", hashes)
	}
	return name
}

func (r *reader) get(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, r.url+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s %s", path, answer.Status, content)
	}
	r.fetched++
	return content, nil
}
